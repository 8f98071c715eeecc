//! Reading what the server answers.

use std::fmt::Display;

use scylla::{
    deserialize::row::DeserializeRow,
    errors::ExecutionError,
    response::{PagingState, query_result::QueryResult},
    serialize::row::SerializeRow,
    statement::prepared::PreparedStatement,
};
use store_core::Result;

use crate::{
    error::{failed, unreadable, write_failed},
    task::Shared,
};

/// The rows of one page, and where to go on; none at the end, which an empty page need not be.
pub(crate) type Fetched<T> = (Vec<T>, Option<PagingState>);

/// A row that holds what it was read from no longer.
pub(crate) trait Row: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata> {}

impl<T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>> Row for T {}

/// All rows of an answer; `doing` says what it is an answer to.
pub(crate) fn rows<T: Row>(
    answer: Result<QueryResult, ExecutionError>,
    doing: impl Display,
) -> Result<Vec<T>> {
    let rows = answer.map_err(|error| failed(&doing, error))?.into_rows_result();
    let rows = rows.map_err(|error| unreadable(&doing, error))?;
    let rows = rows.rows::<T>().map_err(|error| unreadable(&doing, error))?;
    rows.map(|row| row.map_err(|error| unreadable(&doing, error))).collect()
}

impl Shared {
    /// All rows that a statement finds: for answers that are known to be small.
    pub(crate) async fn ask<T: Row>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        doing: impl Display,
    ) -> Result<Vec<T>> {
        rows(self.session.execute_unpaged(statement, values).await, doing)
    }

    /// Sends a write, which may be repeated.
    pub(crate) async fn tell(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        doing: impl Display,
    ) -> Result<()> {
        let done = self.session.execute_unpaged(statement, values).await;
        done.map(drop).map_err(|error| write_failed(doing, error))
    }

    /// One page of what a statement finds.
    pub(crate) async fn ask_page<T: Row>(
        &self,
        statement: &PreparedStatement,
        values: impl SerializeRow,
        state: PagingState,
        doing: impl Display,
    ) -> Result<Fetched<T>> {
        let answer = self.session.execute_single_page(statement, values, state).await;
        let (answer, more) = answer.map_err(|error| failed(&doing, error))?;
        Ok((rows(Ok(answer), doing)?, more.into_paging_control_flow().continue_value()))
    }
}
