//! What a token may, in the words of `qd check`.

use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::hosted::{TokenFinding, TokenState};

/// What asking came to, for `qd check`.
pub fn finding(what: &str, outcome: Result<String, ApiError>) -> TokenFinding {
    let (state, message, remedy) = match outcome {
        Ok(message) => (TokenState::May, message, None),
        Err(error) => {
            let partly = matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound);
            let id = error.request_id.as_ref().map_or(String::new(), |id| format!(" (request {id})"));
            let state = if partly { TokenState::MayNot } else { TokenState::Failed };
            (state, format!("{}{id}", error.message), Some(error.remedy()))
        }
    };
    TokenFinding { what: what.to_owned(), state, message, remedy }
}
