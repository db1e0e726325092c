//! Operations of a script that the head office does: catalogue, staff, settings, customers.

use domain::money::Money;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::runner::{Failure, Runner, refuse};
use super::script::{Act, ItemAct};
use crate::chain::accounts::NewCustomer;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountAct {
    pub card: String,
    #[serde(default)]
    pub name: String,
    /// Asked for when the card pays.
    pub pin: Option<String>,
    #[serde(default)]
    pub opening: Opening,
}

/// What is on the wallets at first. A wallet that is not named is not opened; `credit` is how much may be owed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Opening {
    pub points: Option<Money>,
    pub gift: Option<Money>,
    pub prepaid: Option<Money>,
    pub credit: Option<Money>,
}

impl Runner {
    /// None: it is not the head office's.
    pub(super) async fn head_office(&mut self, act: &Act) -> Option<Result<Map<String, Value>, Failure>> {
        let done = match act {
            Act::Item(item) => self.item(item).await,
            Act::BarcodeRule { prefix, length, item, value, decimals, kind } => {
                let rule = messages::v1::catalogue::BarcodeRule {
                    prefix: prefix.clone(),
                    length: *length,
                    item: *item,
                    value: *value,
                    decimals: *decimals,
                    kind: *kind,
                };
                self.catalogue_changed = true;
                self.chain().put_barcode_rule(rule).await.map_err(|text| refuse("bad_barcode_rule", text))
            }
            Act::Operator { number, name, pin, role, card } => {
                self.catalogue_changed = true;
                self.pins.insert(number.clone(), pin.clone());
                let put =
                    self.chain().put_operator(number.clone(), name.clone(), pin.clone(), *role, card.clone()).await;
                put.map_err(|text| refuse("bad_operator", text))
            }
            Act::Settings { section, value, r#for } => {
                self.catalogue_changed = true;
                let put = self.chain().put_till_settings(section.clone(), r#for.clone(), value.to_string()).await;
                put.map_err(|text| refuse("bad_settings", text))
            }
            Act::Account(AccountAct { card, name, pin, opening }) => {
                let Opening { points, gift, prepaid, credit } = opening.clone();
                let new = NewCustomer {
                    card: card.clone(),
                    name: name.clone(),
                    pin: pin.clone(),
                    points,
                    gift,
                    prepaid,
                    credit,
                };
                match self.chain().open_customer(new).await {
                    Ok(opened) => opened.map_err(|text| refuse("bad_account", text)),
                    Err(error) => Err(Failure::Node(error)),
                }
            }
            _ => return None,
        };
        Some(done.map(|()| Map::new()))
    }

    async fn item(&mut self, act: &ItemAct) -> Result<(), Failure> {
        self.catalogue_changed = true;
        if act.deleted {
            return self.chain().remove_item(act.code.clone()).await.map_err(|text| refuse("bad_item", text));
        }
        let (Some(price), Some(vat)) = (act.price, act.vat) else {
            return Err(refuse("bad_item", format!("item {}: price and vat are needed", act.code)));
        };
        let item = messages::v1::catalogue::Item {
            code: act.code.clone(),
            name: act.name.clone().unwrap_or_else(|| act.code.0.clone()),
            price,
            vat,
            unit: act.unit,
            barcodes: act.barcodes.clone(),
            plu: act.plu,
            group: act.group.clone(),
            marked: act.marked,
            min_age: act.min_age,
            discountable: act.discountable,
            no_sale: act.no_sale,
            open_price: act.open_price,
            deposit: act.deposit.clone(),
            tare: act.tare,
            shelf_life_days: None,
            ingredients: None,
            gift_card: act.gift_card,
            past_prices: Vec::new(),
        };
        self.chain().put_items(vec![item]).await.map_err(|text| refuse("bad_item", text))
    }
}
