//! What a cashier may give to accounts of a business day: points put back by returns, gift cards loaded.
//!
//! Counted by the receipts that this till closed, in the desk that every commit stores: neither a restart nor another shift
//! of the day begins anew. More is for a supervisor to allow, receipt by receipt, before the first money moves.

use domain::ids::OperatorNumber;
use domain::loyalty::limits::{self, CashierOperation};
use domain::receipt::account::Movement;
use domain::receipt::{Receipt, State};
use domain::rights::Asked;
use messages::v1::settings::Loyalty;
use messages::v1::till::TillError;

use crate::store::Changes;
use crate::till::Till;

impl Till {
    /// May the open receipt, which begins to be paid and settles accounts so, give what it gives? Lines do not change after
    /// that.
    pub(crate) async fn permit_given(&mut self, settles: &[Movement]) -> Result<Changes, TillError> {
        let Some(receipt) = self.receipt.as_ref().filter(|receipt| *receipt.state() == State::Open) else {
            return Ok(Changes::default());
        };
        let (operator, given) = given(receipt, settles);
        self.permit_operations(operator, given).await
    }

    /// The same of a receipt that is not stored yet.
    pub(crate) async fn permit_given_by(
        &mut self,
        receipt: &Receipt,
        settles: &[Movement],
    ) -> Result<Changes, TillError> {
        let (operator, given) = given(receipt, settles);
        self.permit_operations(operator, given).await
    }

    async fn permit_operations(
        &mut self,
        operator: OperatorNumber,
        given: Vec<CashierOperation>,
    ) -> Result<Changes, TillError> {
        if given.is_empty() {
            return Ok(Changes::default());
        }
        let day = self.shift()?.business_day;
        let limits = self.section::<Loyalty>().cashier;
        let (mut so_far, mut reached) = (self.standing.desk.given_on(day, &operator), None);
        for operation in given {
            reached = reached.or(limits::within(&limits, &so_far, operation).err());
            so_far = so_far.and(operation);
        }
        let Some(reached) = reached else { return Ok(Changes::default()) };
        tracing::info!(till = %self.settings.till, %operator, %reached, "a supervisor must allow what the receipt gives");
        let limits::SoFar { put_back, gift_load, operations, .. } = so_far;
        self.permit(Asked::Given { put_back, gift_load, operations }).await
    }
}

fn given(receipt: &Receipt, settles: &[Movement]) -> (OperatorNumber, Vec<CashierOperation>) {
    (receipt.opening().operator.clone(), limits::given_by(receipt, settles))
}
