//! What a recorded answer is compared by, and what is written by an owner that lost its task.

pub(crate) mod rows;
pub(crate) mod zombie;
