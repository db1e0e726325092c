//! What the till asks a terminal for, as packets. Pure.

use super::codec::{self, Packet};
use super::link::PASSWORD;
use super::report::{self, CURRENCY};
use super::{TerminalError, TerminalOperation, TerminalRequest, fields};

/// The packet of a request that moves money, or why the protocol has none.
pub(super) fn packet(request: &TerminalRequest) -> Result<Packet, TerminalError> {
    if !request.amount.is_positive() || request.amount > fields::AMOUNT_MAX {
        return Err(TerminalError::Protocol { what: format!("an amount of {}", request.amount) });
    }
    let of = match &request.of {
        Some(of) => Some(report::receipt_of(of).ok_or_else(|| TerminalError::Protocol {
            what: format!("find a payment by \"{of}\", which is not a receipt number of this terminal"),
        })?),
        None => None,
    };
    let mut data = Vec::new();
    let (control, has_password, has_amount) = match request.operation {
        TerminalOperation::Sale => (codec::AUTHORISATION, false, true),
        TerminalOperation::Refund => (codec::REFUND, true, true),
        TerminalOperation::Reverse if of.is_none() => {
            return Err(TerminalError::Protocol { what: "reverse a payment without its receipt number".into() });
        }
        // The whole payment is undone: there is no amount to give.
        TerminalOperation::Reverse => (codec::REVERSAL, true, false),
    };
    if has_password {
        data.extend(PASSWORD);
    }
    if has_amount {
        data.push(fields::AMOUNT);
        fields::put_amount(request.amount, &mut data);
        fields::put(fields::CURRENCY, &fields::bcd(CURRENCY, 2), &mut data);
    }
    if let Some(receipt) = of.filter(|_| request.operation != TerminalOperation::Sale) {
        fields::put(fields::RECEIPT, &fields::bcd(u64::from(receipt), 2), &mut data);
    }
    Ok(Packet::new(control, data))
}

#[cfg(test)]
mod tests {
    use domain::money::Money;

    use super::*;

    fn request(operation: TerminalOperation, of: Option<&str>) -> TerminalRequest {
        TerminalRequest { operation, amount: Money::from_minor(17_980), of: of.map(str::to_owned) }
    }

    fn bytes(request: &TerminalRequest) -> String {
        let mut bytes = Vec::new();
        packet(request).expect("a packet").encode(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn requests_are_written_byte_for_byte() {
        let sale = request(TerminalOperation::Sale, None);
        assert_eq!(bytes(&sale), "06 01 0A 04 00 00 00 01 79 80 49 06 43");
        let refund = request(TerminalOperation::Refund, Some("0123/000001"));
        assert_eq!(bytes(&refund), "06 31 10 00 00 00 04 00 00 00 01 79 80 49 06 43 87 01 23");
        let reversal = request(TerminalOperation::Reverse, Some("0123/000001"));
        assert_eq!(bytes(&reversal), "06 30 06 00 00 00 87 01 23");
    }

    #[test]
    fn a_request_that_cannot_be_written_is_refused_before_anything_is_sent() {
        let zero = TerminalRequest { amount: Money::default(), ..request(TerminalOperation::Sale, None) };
        for request in [
            zero,
            request(TerminalOperation::Reverse, None),
            request(TerminalOperation::Reverse, Some("RRN 123")),
            request(TerminalOperation::Refund, Some("12")),
        ] {
            assert!(matches!(packet(&request), Err(TerminalError::Protocol { .. })), "{request:?}");
        }
    }
}
