//! Wrong data and configuration, honest capabilities, wrappers (F, G, H, Y), and reads of others' tasks (IQ, HD).

pub(crate) mod capabilities;
pub(crate) mod data;
pub(crate) mod measured;
pub(crate) mod queries;
pub(crate) mod scenario;
pub(crate) mod settings;
pub(crate) mod wrapped;
