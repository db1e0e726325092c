//! Who may sign on.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use domain::ids::OperatorNumber;
use domain::refusal::Refusal;
use messages::v1::till::TillError;

use crate::desk::{Record, SignedOn};
use crate::settings::UnknownOperators;
use crate::store::Changes;
use crate::till::{Till, not_read, refused};

impl Till {
    /// The person with this number and PIN. A wrong PIN is journalled.
    pub(crate) async fn identify(&mut self, number: OperatorNumber, pin: String) -> Result<SignedOn, TillError> {
        let known = self.ports.catalogue.operator(&number).await.map_err(not_read)?;
        let refusal = match known {
            Some(operator) if is_pin(pin, operator.pin_hash.clone()).await => {
                return Ok(SignedOn { number, name: operator.name });
            }
            Some(_) => Refusal::WrongPin,
            None => match self.let_in(number.clone()) {
                Ok(operator) => return Ok(operator),
                Err(refusal) => refusal,
            },
        };
        let code = refusal.code().to_owned();
        self.commit(Changes::of(vec![Record::InputRejected { data: format!("sign on {number}"), code }])).await?;
        Err(refused(refusal))
    }

    /// The person with this number, whose PIN nobody asks: a line of a replay.
    pub(crate) async fn name_of(&self, number: OperatorNumber) -> Result<SignedOn, TillError> {
        match self.ports.catalogue.operator(&number).await.map_err(not_read)? {
            Some(operator) => Ok(SignedOn { number, name: operator.name }),
            None => self.let_in(number).map_err(refused),
        }
    }

    fn let_in(&self, number: OperatorNumber) -> Result<SignedOn, Refusal> {
        match self.settings.unknown_operators {
            UnknownOperators::Allow => Ok(SignedOn { name: number.to_string(), number }),
            UnknownOperators::Refuse => Err(Refusal::UnknownOperator(number)),
        }
    }
}

/// Verifying takes tens of milliseconds on purpose, so it runs beside the actors.
async fn is_pin(pin: String, hash: String) -> bool {
    let verified = tokio::task::spawn_blocking(move || match PasswordHash::new(&hash) {
        Ok(hash) => Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok(),
        Err(error) => {
            tracing::error!(%error, "a stored PIN hash cannot be read");
            false
        }
    });
    verified.await.unwrap_or(false)
}
