//! Why an operation of an account was not done: a code for programs, a sentence for people.

use std::fmt;

use ::web::refusal::Refusal;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, ResponseError};
use domain::ledger::Code;
use processing::keeper::DoorError;
use processing::machine::root::{DeskError, PeopleError};
use serde_json::json;

use super::super::super::accounts::words::{BadAmount, sentence};

/// Seconds after which it is worth to ask again.
const RETRY_AFTER_S: &str = "1";

/// Every code of the interface: never renamed, programs compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiErrorKind {
    UnknownCard,
    CardBlocked,
    AccountClosed,
    NoSuchWallet,
    AmountNotPositive,
    AmountBad,
    NotEnough,
    Elsewhere,
    OperationDiffers,
    OperationRefused,
    HoldUnknown,
    HoldCaptured,
    HoldVoided,
    HoldExpired,
    ExceedsHold,
    Recovering,
    Busy,
    NotReady,
    BodyBad,
    KeyMissing,
    KeyBad,
}

impl ApiErrorKind {
    pub const ALL: [ApiErrorKind; 21] = [
        ApiErrorKind::UnknownCard,
        ApiErrorKind::CardBlocked,
        ApiErrorKind::AccountClosed,
        ApiErrorKind::NoSuchWallet,
        ApiErrorKind::AmountNotPositive,
        ApiErrorKind::AmountBad,
        ApiErrorKind::NotEnough,
        ApiErrorKind::Elsewhere,
        ApiErrorKind::OperationDiffers,
        ApiErrorKind::OperationRefused,
        ApiErrorKind::HoldUnknown,
        ApiErrorKind::HoldCaptured,
        ApiErrorKind::HoldVoided,
        ApiErrorKind::HoldExpired,
        ApiErrorKind::ExceedsHold,
        ApiErrorKind::Recovering,
        ApiErrorKind::Busy,
        ApiErrorKind::NotReady,
        ApiErrorKind::BodyBad,
        ApiErrorKind::KeyMissing,
        ApiErrorKind::KeyBad,
    ];

    pub fn code(self) -> &'static str {
        match self {
            ApiErrorKind::UnknownCard => "unknown_card",
            ApiErrorKind::CardBlocked => "card_blocked",
            ApiErrorKind::AccountClosed => "account_closed",
            ApiErrorKind::NoSuchWallet => "no_such_wallet",
            ApiErrorKind::AmountNotPositive => "amount_not_positive",
            ApiErrorKind::AmountBad => "amount_bad",
            ApiErrorKind::NotEnough => "not_enough",
            ApiErrorKind::Elsewhere => "elsewhere",
            ApiErrorKind::OperationDiffers => "operation_differs",
            ApiErrorKind::OperationRefused => "operation_refused",
            ApiErrorKind::HoldUnknown => "hold_unknown",
            ApiErrorKind::HoldCaptured => "hold_captured",
            ApiErrorKind::HoldVoided => "hold_voided",
            ApiErrorKind::HoldExpired => "hold_expired",
            ApiErrorKind::ExceedsHold => "exceeds_hold",
            ApiErrorKind::Recovering => "recovering",
            ApiErrorKind::Busy => "busy",
            ApiErrorKind::NotReady => "not_ready",
            ApiErrorKind::BodyBad => "body_bad",
            ApiErrorKind::KeyMissing => "key_missing",
            ApiErrorKind::KeyBad => "key_bad",
        }
    }

    fn status(self) -> StatusCode {
        use ApiErrorKind::*;
        match self {
            BodyBad | AmountBad | AmountNotPositive | KeyMissing | KeyBad => StatusCode::BAD_REQUEST,
            UnknownCard | NoSuchWallet | HoldUnknown => StatusCode::NOT_FOUND,
            Elsewhere | OperationDiffers | HoldCaptured | HoldVoided | HoldExpired => StatusCode::CONFLICT,
            CardBlocked | AccountClosed | NotEnough | OperationRefused | ExceedsHold => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Recovering | Busy | NotReady => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn text(self) -> &'static str {
        match self {
            ApiErrorKind::UnknownCard => "No customer has this card or phone.",
            ApiErrorKind::CardBlocked => "The card or the customer is blocked.",
            ApiErrorKind::AccountClosed => "The account is closed.",
            ApiErrorKind::NoSuchWallet => "The customer has no such wallet; of several the asset must say which.",
            ApiErrorKind::AmountNotPositive => "An amount above zero is needed.",
            ApiErrorKind::AmountBad => "An amount is a string of digits with at most two decimals, as \"12.50\".",
            ApiErrorKind::NotEnough => "The wallet has not so much.",
            ApiErrorKind::Elsewhere => "The rest is at stores and was asked back: ask again with the same key.",
            ApiErrorKind::OperationDiffers => "This key was used for something else.",
            ApiErrorKind::OperationRefused => "The operation was refused and stays refused: use a new key.",
            ApiErrorKind::HoldUnknown => "There is no such hold.",
            ApiErrorKind::HoldCaptured => "The hold was captured before.",
            ApiErrorKind::HoldVoided => "The hold was given back before.",
            ApiErrorKind::HoldExpired => "The hold has timed out.",
            ApiErrorKind::ExceedsHold => "More than was held.",
            ApiErrorKind::Recovering => "The accounts were restored and wait for stores to report: try again later.",
            ApiErrorKind::Busy => "The accounts have too much to do: ask again with the same key.",
            ApiErrorKind::NotReady => "The accounts are being loaded: ask again with the same key.",
            ApiErrorKind::BodyBad => "The body cannot be used.",
            ApiErrorKind::KeyMissing => "The header Idempotency-Key is missing.",
            ApiErrorKind::KeyBad => "The header Idempotency-Key has 1 to 128 visible characters.",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub kind: ApiErrorKind,
    status: StatusCode,
    text: String,
}

impl ApiError {
    /// The body cannot be used, for this reason.
    pub fn body(reason: impl fmt::Display) -> ApiError {
        let text = format!("The body cannot be used: {reason}.");
        ApiError { text, ..ApiErrorKind::BodyBad.into() }
    }

    /// What stands in the address cannot be used, for this reason.
    pub fn address(reason: impl fmt::Display) -> ApiError {
        let text = format!("The address cannot be used: {reason}.");
        ApiError { text, ..ApiErrorKind::BodyBad.into() }
    }

    /// Against a rule; the key is not used up.
    pub fn against(text: String) -> ApiError {
        ApiError { text, ..ApiErrorKind::OperationRefused.into() }
    }

    pub fn too_long(bytes_max: usize) -> ApiError {
        let text = format!("The body cannot be used: it has more than {bytes_max} bytes.");
        ApiError { text, status: StatusCode::PAYLOAD_TOO_LARGE, ..ApiErrorKind::BodyBad.into() }
    }

    /// What the pages refuse as well.
    pub fn of_refusal(refusal: &Refusal) -> ApiError {
        match refusal.status() {
            StatusCode::SERVICE_UNAVAILABLE => {
                ApiError { text: refusal.text().to_owned(), ..ApiErrorKind::Busy.into() }
            }
            StatusCode::INTERNAL_SERVER_ERROR => {
                ApiError { text: refusal.text().to_owned(), status: refusal.status(), ..ApiErrorKind::NotReady.into() }
            }
            _ => ApiError { text: refusal.text().to_owned(), ..ApiErrorKind::BodyBad.into() },
        }
    }
}

impl From<ApiErrorKind> for ApiError {
    fn from(kind: ApiErrorKind) -> ApiError {
        ApiError { kind, status: kind.status(), text: kind.text().to_owned() }
    }
}

impl From<DoorError> for ApiError {
    fn from(error: DoorError) -> ApiError {
        let kind = if error == DoorError::Busy { ApiErrorKind::Busy } else { ApiErrorKind::NotReady };
        ApiError { text: sentence(error), ..kind.into() }
    }
}

impl From<BadAmount> for ApiError {
    fn from(error: BadAmount) -> ApiError {
        match error {
            BadAmount::Bad => ApiErrorKind::AmountBad.into(),
            BadAmount::NotPositive => ApiErrorKind::AmountNotPositive.into(),
        }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> ApiError {
        use ApiErrorKind as Kind;
        match code {
            Code::ExistsWithDifferentAmount | Code::ExistsWithDifferentAccounts | Code::ExistsWithDifferentTerms => {
                Kind::OperationDiffers
            }
            Code::AmountNotPositive => Kind::AmountNotPositive,
            Code::Overflow => Kind::AmountBad,
            Code::ExceedsCredits | Code::LotsMissing => Kind::NotEnough,
            Code::Blocked => Kind::CardBlocked,
            Code::DebitClosed | Code::CreditClosed => Kind::AccountClosed,
            Code::AssetsDiffer | Code::DebitNotFound | Code::CreditNotFound => Kind::NoSuchWallet,
            Code::PendingNotFound | Code::PendingDiffers => Kind::HoldUnknown,
            Code::PendingAlreadyPosted => Kind::HoldCaptured,
            Code::PendingAlreadyVoided => Kind::HoldVoided,
            Code::PendingExpired => Kind::HoldExpired,
            Code::ExceedsPending => Kind::ExceedsHold,
            _ => Kind::OperationRefused,
        }
        .into()
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> ApiError {
        use ApiErrorKind as Kind;
        match error {
            DeskError::Refused(code) => code.into(),
            DeskError::NotFree { .. } => Kind::Elsewhere.into(),
            DeskError::AmountNotPositive => Kind::AmountNotPositive.into(),
            DeskError::NoWallet => Kind::NoSuchWallet.into(),
            DeskError::Blocked => Kind::CardBlocked.into(),
            DeskError::Recovering | DeskError::People(PeopleError::Recovering) => Kind::Recovering.into(),
            DeskError::People(PeopleError::Merged(_)) => Kind::AccountClosed.into(),
            DeskError::People(_) => Kind::UnknownCard.into(),
            other => ApiError { text: sentence(other), ..Kind::OperationRefused.into() },
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        use ApiErrorKind::{Busy, Elsewhere, NotReady, Recovering};
        let mut answer = HttpResponse::build(self.status);
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if matches!(self.kind, Busy | Elsewhere | NotReady | Recovering) {
            answer.insert_header((header::RETRY_AFTER, RETRY_AFTER_S));
        }
        answer.json(json!({ "code": self.kind.code(), "text": self.text }))
    }
}
