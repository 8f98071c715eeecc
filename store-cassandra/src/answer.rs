//! Reading what the server answers.

use std::fmt::Display;

use scylla::{
    deserialize::row::DeserializeRow, errors::ExecutionError, response::query_result::QueryResult,
};
use store_core::Result;

use crate::error::{failed, unreadable};

/// All rows of an answer; `doing` says what it is an answer to.
pub(crate) fn rows<T>(
    answer: Result<QueryResult, ExecutionError>,
    doing: impl Display,
) -> Result<Vec<T>>
where
    T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
{
    let rows = answer.map_err(|error| failed(&doing, error))?.into_rows_result();
    let rows = rows.map_err(|error| unreadable(&doing, error))?;
    let rows = rows.rows::<T>().map_err(|error| unreadable(&doing, error))?;
    rows.map(|row| row.map_err(|error| unreadable(&doing, error))).collect()
}
