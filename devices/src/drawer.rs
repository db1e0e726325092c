//! The cash drawer. It hangs on the fiscal registrar, which opens it with a pulse (28h).

use domain::money::Money;
use futures_util::future::BoxFuture;

use crate::fiscal::{FiscalDevice, FiscalError};

/// A drawer that can be opened. Nothing in it may depend on whether it was: a drawer has no lock that answers.
pub trait CashDrawer: Send {
    fn open(&mut self) -> BoxFuture<'_, Result<(), FiscalError>>;
}

/// The drawer of a fiscal registrar, for as long as the registrar is lent to it.
pub struct FiscalDrawer<'a> {
    device: &'a mut dyn FiscalDevice,
}

impl<'a> FiscalDrawer<'a> {
    pub fn new(device: &'a mut dyn FiscalDevice) -> FiscalDrawer<'a> {
        FiscalDrawer { device }
    }

    /// The cash that the registrar counts in the drawer.
    pub async fn counted(&mut self) -> Result<Money, FiscalError> {
        Ok(self.device.totals().await?.cash_in_drawer)
    }
}

impl CashDrawer for FiscalDrawer<'_> {
    fn open(&mut self) -> BoxFuture<'_, Result<(), FiscalError>> {
        self.device.open_drawer()
    }
}
