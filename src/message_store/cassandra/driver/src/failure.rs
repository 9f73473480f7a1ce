//! What can go wrong, as two classes: the store cannot answer now, or it never will answer this.

use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};

/// The numbers are those of `cql_driver.h`.
#[derive(Clone, Copy, Debug)]
pub enum Code {
    /// Whether the request took effect is not known.
    Unavailable = 1,
    Rejected = 2,
}

#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub text: String,
}

impl Failure {
    pub fn malformed() -> Failure {
        Failure {
            code: Code::Rejected,
            text: "the cells do not fit the statement".to_owned(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

fn code_of_attempt(error: &RequestAttemptError) -> Code {
    match error {
        RequestAttemptError::UnableToAllocStreamId | RequestAttemptError::BrokenConnectionError(_) => Code::Unavailable,
        RequestAttemptError::DbError(error, _) => match error {
            DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::TruncateError
            | DbError::ReadTimeout { .. }
            | DbError::WriteTimeout { .. }
            | DbError::ReadFailure { .. }
            | DbError::WriteFailure { .. }
            | DbError::ServerError
            | DbError::RateLimitReached { .. } => Code::Unavailable,
            _ => Code::Rejected,
        },
        _ => Code::Rejected,
    }
}

impl From<ExecutionError> for Failure {
    fn from(error: ExecutionError) -> Failure {
        let code = match &error {
            ExecutionError::EmptyPlan
            | ExecutionError::ConnectionPoolError(_)
            | ExecutionError::RequestTimeout(_)
            | ExecutionError::SchemaAgreementError(_)
            | ExecutionError::MetadataError(_) => Code::Unavailable,
            ExecutionError::LastAttemptError(attempt) => code_of_attempt(attempt),
            _ => Code::Rejected,
        };
        Failure {
            code,
            text: error.to_string(),
        }
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Failure {
        let code = match &error {
            PrepareError::ConnectionPoolError(_) => Code::Unavailable,
            PrepareError::AllAttemptsFailed { first_attempt } => code_of_attempt(first_attempt),
            _ => Code::Rejected,
        };
        Failure {
            code,
            text: error.to_string(),
        }
    }
}
