//! Which failed attempts are made again by the driver.

use scylla::{
    errors::{DbError, RequestAttemptError, WriteType},
    policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession},
};

/// Sends again what may be repeated. The driver's own policy gives up a write whose answer is late, also one with a stamp.
#[derive(Debug)]
pub(crate) struct Patient {
    pub(crate) retries: u32,
}

struct Session {
    left: u32,
    /// Whether a node was busy.
    busy: bool,
}

impl RetryPolicy for Patient {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Session { left: self.retries, busy: false })
    }
}

impl RetrySession for Session {
    fn decide_should_retry(&mut self, info: RequestInfo<'_>) -> RetryDecision {
        if info.is_idempotent { self.decide(info.error) } else { RetryDecision::DontRetry }
    }

    fn reset(&mut self) {}
}

impl Session {
    fn decide(&mut self, error: &RequestAttemptError) -> RetryDecision {
        if self.left == 0 {
            return RetryDecision::DontRetry;
        }
        let mut decision = decision(error);
        // Once more the same, which may be the only one there is; the next one is asked where it stays busy.
        if let RequestAttemptError::DbError(DbError::Overloaded, _) = error
            && !std::mem::replace(&mut self.busy, true)
        {
            decision = RetryDecision::RetrySameTarget(None);
        }
        if decision != RetryDecision::DontRetry {
            self.left -= 1;
        }
        decision
    }
}

fn decision(error: &RequestAttemptError) -> RetryDecision {
    match error {
        RequestAttemptError::BrokenConnectionError(_)
        | RequestAttemptError::UnableToAllocStreamId => RetryDecision::RetryNextTarget(None),
        RequestAttemptError::DbError(error, _) => match error {
            DbError::WriteTimeout { write_type: WriteType::Cas, .. } => RetryDecision::DontRetry,
            DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => {
                RetryDecision::RetrySameTarget(None)
            }
            DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::ServerError
            | DbError::TruncateError
            | DbError::WriteFailure { .. } => RetryDecision::RetryNextTarget(None),
            _ => RetryDecision::DontRetry,
        },
        _ => RetryDecision::DontRetry,
    }
}

#[cfg(test)]
mod tests {
    use scylla::{
        errors::{DbError, RequestAttemptError, WriteType},
        policies::retry::RetryDecision,
        statement::Consistency,
    };

    use super::{Session, decision};

    #[test]
    fn late_answers_of_stamped_writes_are_asked_for_again() {
        let late = |write_type| {
            let consistency = Consistency::Quorum;
            DbError::WriteTimeout { consistency, received: 1, required: 2, write_type }
        };
        let decide = |error| decision(&RequestAttemptError::DbError(error, String::new()));
        assert_eq!(decide(late(WriteType::UnloggedBatch)), RetryDecision::RetrySameTarget(None));
        assert_eq!(decide(late(WriteType::Cas)), RetryDecision::DontRetry);
        assert_eq!(decide(DbError::Overloaded), RetryDecision::RetryNextTarget(None));
        assert_eq!(decide(DbError::Unauthorized), RetryDecision::DontRetry);
        assert_eq!(decide(DbError::Invalid), RetryDecision::DontRetry);
    }

    #[test]
    fn a_busy_node_is_asked_once_more_before_the_next_one() {
        let busy = RequestAttemptError::DbError(DbError::Overloaded, String::new());
        let mut session = Session { left: 2, busy: false };
        assert_eq!(session.decide(&busy), RetryDecision::RetrySameTarget(None));
        assert_eq!(session.decide(&busy), RetryDecision::RetryNextTarget(None));
        assert_eq!(session.decide(&busy), RetryDecision::DontRetry);
    }
}
