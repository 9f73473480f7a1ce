//! What can go wrong, as two classes: the store cannot answer now, or it never will answer this.

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError, MetadataError,
    NewSessionError, PrepareError, RequestAttemptError,
};

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

/// Why there is no session. The numbers are those of `cql_driver.h`.
#[derive(Clone, Copy, Debug)]
pub enum Reason {
    NoAnswer = 1,
    NoLogin = 2,
    LoginRefused = 3,
    TlsRefused = 4,
    NoAuthority = 5,
}

pub struct Refusal {
    pub reason: Reason,
    pub text: String,
}

/// The driver tells of one connection only, the last that it tried.
impl From<NewSessionError> for Refusal {
    fn from(error: NewSessionError) -> Refusal {
        if let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error,
        })) = &error
        {
            return Refusal::from(last_connection_error);
        }
        Refusal {
            reason: Reason::NoAnswer,
            text: error.to_string(),
        }
    }
}

/// OpenSSL's reason alone, without the places in its source.
fn text_of(error: &openssl::ssl::Error) -> String {
    let first = error.ssl_error().and_then(|stack| stack.errors().first());
    match first.and_then(|first| first.reason()) {
        Some(reason) => reason.to_owned(),
        None => error.to_string(),
    }
}

impl From<&ConnectionError> for Refusal {
    fn from(error: &ConnectionError) -> Refusal {
        match error {
            ConnectionError::ConnectionSetupRequestError(refused) => match refused.get_error() {
                ConnectionSetupRequestErrorKind::MissingAuthentication => Refusal {
                    reason: Reason::NoLogin,
                    text: "it asks for a login".to_owned(),
                },
                ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, text) => Refusal {
                    reason: Reason::LoginRefused,
                    text: text.clone(),
                },
                _ => Refusal {
                    reason: Reason::NoAnswer,
                    text: error.to_string(),
                },
            },
            ConnectionError::IoError(failed) => {
                let inner = failed.get_ref();
                match inner.and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>()) {
                    Some(tls) => Refusal {
                        reason: Reason::TlsRefused,
                        text: text_of(tls),
                    },
                    None => Refusal {
                        reason: Reason::NoAnswer,
                        text: failed.to_string(),
                    },
                }
            }
            _ => Refusal {
                reason: Reason::NoAnswer,
                text: error.to_string(),
            },
        }
    }
}
