//! People at the tills.

use dataserver::requests::{NewOperator, PutOperators, RemoveOperators};
use dataserver::{browse, pin};
use domain::ids::OperatorNumber;
use link::datasets::DatasetSource;
use link::datasets::table::TableDatasets;
use messages::v1::catalogue::{OPERATORS, Role};

use crate::{at_hq, published};

#[tokio::test]
async fn an_operator_has_a_hash_and_no_pin() {
    at_hq(async |hq| {
        let anna = |pin: Option<&str>, role| PutOperators {
            operators: vec![NewOperator {
                number: OperatorNumber("7".to_owned()),
                name: "Anna".to_owned(),
                pin: pin.map(str::to_owned),
                role,
                card: None,
            }],
        };
        assert_eq!(
            hq.ask(anna(None, Role::Cashier)).await.unwrap_err().to_string(),
            "operator \"7\" is new and needs a PIN"
        );
        assert_eq!(
            hq.ask(anna(Some(""), Role::Cashier)).await.unwrap_err().to_string(),
            "operator \"7\", PIN: 1 to 32 characters without spaces at the ends are expected"
        );
        assert_eq!(hq.ask(anna(Some("1234"), Role::Cashier)).await, published(1, 1, 0));
        assert_eq!(hq.ask(anna(Some("1234"), Role::Cashier)).await, published(1, 0, 1));
        assert_eq!(hq.ask(anna(None, Role::SeniorCashier)).await, published(2, 1, 0));
        let kept = browse::operators(&hq.database.reader, None, 10).await.unwrap();
        assert!(pin::verify("1234", &kept[0].pin_hash) && !pin::verify("1235", &kept[0].pin_hash));
        assert_eq!(kept[0].role, Role::SeniorCashier);
        assert_eq!(hq.ask(anna(Some("4321"), Role::SeniorCashier)).await, published(3, 1, 0));
        let numbers = vec![OperatorNumber("7".to_owned())];
        assert_eq!(hq.ask(RemoveOperators { numbers }).await, published(4, 1, 0));
        assert_eq!(hq.versions(OPERATORS).await, 4);
    })
    .await;
}

fn with_card(number: &str, card: Option<&str>) -> NewOperator {
    NewOperator {
        number: OperatorNumber(number.to_owned()),
        name: format!("Person {number}"),
        pin: Some("1234".to_owned()),
        role: Role::Cashier,
        card: card.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_card_is_hashed_and_belongs_to_one_person() {
    at_hq(async |hq| {
        let put = |operators: Vec<NewOperator>| PutOperators { operators };
        let secret = "OPERATOR-CARD-77";
        assert_eq!(hq.ask(put(vec![with_card("7", Some(secret))])).await, published(1, 1, 0));
        let kept = browse::operator(&hq.database.reader, "7").await.unwrap().unwrap();
        assert_eq!(kept.card_hash, Some(pin::card_hash(secret)));
        assert_eq!(pin::card_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let rows = TableDatasets::new(hq.database.clone()).changes(OPERATORS, 0, 10).await.unwrap();
        assert!(!rows[0].body.windows(secret.len()).any(|window| window == secret.as_bytes()));

        let shared = "operator \"8\", card: operator \"7\" has this card already";
        assert_eq!(hq.ask(put(vec![with_card("8", Some(secret))])).await.unwrap_err().to_string(), shared);
        let both = put(vec![with_card("8", Some("X")), with_card("9", Some("X"))]);
        assert!(hq.ask(both).await.unwrap_err().to_string().ends_with("has this card already"));
        let spaced = hq.ask(put(vec![with_card("8", Some(" X"))])).await.unwrap_err();
        assert_eq!(
            spaced.to_string(),
            "operator \"8\", card: 1 to 200 characters without spaces at the ends are expected"
        );
        assert_eq!(hq.ask(put(vec![with_card("7", None)])).await, published(1, 0, 1), "left out, it stays");
        // In one request a card may go from one person to another.
        assert_eq!(hq.ask(put(vec![with_card("7", Some("")), with_card("8", Some(secret))])).await, published(3, 2, 0));
        assert_eq!(browse::operator(&hq.database.reader, "7").await.unwrap().unwrap().card_hash, None);
        let shown = format!("{:?}", with_card("8", Some(secret)));
        assert!(!shown.contains(secret) && !shown.contains("1234"), "{shown}");
    })
    .await;
}
