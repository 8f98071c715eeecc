//! Wrong data and configuration, honest capabilities, wrappers (F, G, H, Y).
