//! What the head office serves: pages for people and an interface for machines. One list of routes, each with its right.

pub mod accounts;
pub mod api;
pub mod catalogue;
pub mod forms;
pub mod imports;
pub mod incidents;
pub mod items;
pub mod overview;
pub mod reports;
pub mod sales;
pub mod stores;
pub mod till_people;
pub mod till_settings;
pub mod words;

use std::path::PathBuf;
use std::sync::Arc;

use ::web::doors::Visitor;
use ::web::layout::{Frame, MenuItem};
use ::web::live::Viewers;
use ::web::rights::Right;
use ::web::routes::{self, Guarded, Limits, delete, get, post, put};
use ::web::sign_in;
use actix_web::web;
use dataserver::publisher::CataloguePublisher;
use dataserver::requests::{
    ImportItems, ImportView, PutBarcodeRules, PutItems, PutOperators, PutTillSettings, RemoveItems, RemoveOperators,
    RemoveTillSettings,
};
use link::downlinks::CompareDatasets;
use processing::keeper::Door;
use processing::machine::root::Root;
use runtime::clock::Clock;
use runtime::node::ChildRef;
use runtime::reference::ActorRef;
use sea_orm::DatabaseConnection;
use tokio::sync::watch;

use crate::settings::Settings;
use crate::trade::TradeNow;

/// Largest JSON body, in bytes: ten thousand items.
const JSON_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest form, in bytes: a template of 20,000 bytes whose every byte is escaped, and two hundred keys.
const FORM_BYTES_MAX: usize = 128 * 1024;

/// How the catalogue is changed.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub put_items: ActorRef<PutItems>,
    pub remove_items: ActorRef<RemoveItems>,
    pub put_barcode_rules: ActorRef<PutBarcodeRules>,
    pub put_operators: ActorRef<PutOperators>,
    pub remove_operators: ActorRef<RemoveOperators>,
    pub put_till_settings: ActorRef<PutTillSettings>,
    pub remove_till_settings: ActorRef<RemoveTillSettings>,
    pub import_items: ActorRef<ImportItems>,
}

impl Catalogue {
    pub fn of(publisher: &ChildRef<CataloguePublisher>) -> Catalogue {
        Catalogue {
            put_items: publisher.reference(),
            remove_items: publisher.reference(),
            put_barcode_rules: publisher.reference(),
            put_operators: publisher.reference(),
            remove_operators: publisher.reference(),
            put_till_settings: publisher.reference(),
            remove_till_settings: publisher.reference(),
            import_items: publisher.reference(),
        }
    }
}

/// What the pages are drawn from.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: Arc<str>,
    /// Files that are being imported lie here.
    pub data: Arc<PathBuf>,
    pub reader: DatabaseConnection,
    pub clock: Clock,
    pub catalogue: Catalogue,
    pub imports: watch::Receiver<ImportView>,
    pub trade: watch::Receiver<Arc<TradeNow>>,
    /// The root of customer accounts.
    pub accounts: Door<Root>,
    pub viewers: Viewers,
    /// Compares the datasets of all stores; none: there are no links.
    pub compare: Option<ActorRef<CompareDatasets>>,
}

impl Site {
    pub fn new(
        settings: &Settings,
        reader: DatabaseConnection,
        clock: Clock,
        catalogue: Catalogue,
        imports: watch::Receiver<ImportView>,
        trade: watch::Receiver<Arc<TradeNow>>,
        accounts: Door<Root>,
    ) -> Site {
        let (name, data) = (settings.name.as_str().into(), Arc::new(settings.data.clone()));
        Site {
            name,
            data,
            reader,
            clock,
            catalogue,
            imports,
            trade,
            accounts,
            viewers: Viewers::default(),
            compare: None,
        }
    }

    pub(crate) fn frame<'a>(&'a self, title: &'a str, here: &'a str, visitor: &'a Visitor) -> Frame<'a> {
        Frame { title, node: &self.name, menu: &MENU, here, visitor, live: None }
    }
}

const MENU: [MenuItem; 10] = [
    MenuItem { href: "/", label: words::OVERVIEW, right: Right::ViewOverview },
    MenuItem { href: "/sales", label: words::SALES, right: Right::ViewSales },
    MenuItem { href: "/reports", label: words::REPORTS, right: Right::ViewSales },
    MenuItem { href: "/stores", label: words::STORES, right: Right::ViewStores },
    MenuItem { href: "/catalogue", label: words::CATALOGUE, right: Right::ViewCatalogue },
    MenuItem { href: "/tills/people", label: till_people::TITLE, right: Right::ChangePeople },
    MenuItem { href: "/tills/settings", label: till_settings::TITLE, right: Right::ViewCatalogue },
    MenuItem { href: accounts::PATH, label: accounts::LABEL, right: accounts::VIEW },
    MenuItem { href: "/incidents", label: words::INCIDENTS, right: Right::ViewStores },
    MenuItem { href: "/ops", label: words::OPERATIONS, right: Right::OperateNode },
];

/// Every route of the pages and the interface (HQ-2). Links, operations and health have guards of their own.
pub fn routes() -> Vec<Guarded> {
    use Right::{ChangeCatalogue, ChangePeople, OperateNode, ViewCatalogue, ViewOverview, ViewSales, ViewStores};
    vec![
        get("/sign-in", None, |route| route.to(sign_in::page)),
        post("/sign-in", None, |route| route.to(sign_in::sign_in)),
        post("/sign-out", None, |route| route.to(sign_in::sign_out)),
        get("/", Some(ViewOverview), |route| route.to(overview::page)),
        get("/live/overview", Some(ViewOverview), |route| route.to(overview::live)),
        get("/sales", Some(ViewSales), |route| route.to(sales::page)),
        get("/sales/export", Some(ViewSales), |route| route.to(sales::export)),
        get("/reports", Some(ViewSales), |route| route.to(reports::first)),
        get("/reports/{name}", Some(ViewSales), |route| route.to(reports::page)),
        get("/reports/{name}/export", Some(ViewSales), |route| route.to(reports::export)),
        get("/stores", Some(ViewStores), |route| route.to(stores::page)),
        post("/stores/compare", Some(OperateNode), |route| route.to(stores::compare)),
        get("/live/stores", Some(ViewStores), |route| route.to(stores::live)),
        get("/incidents", Some(ViewStores), |route| route.to(incidents::page)),
        get("/catalogue", Some(ViewCatalogue), |route| route.to(catalogue::page)),
        get("/catalogue/items/{code:.+}", Some(ViewCatalogue), |route| route.to(catalogue::item)),
        get("/catalogue/edit", Some(ChangeCatalogue), |route| route.to(items::page)),
        post("/catalogue/edit", Some(ChangeCatalogue), |route| route.to(items::save)),
        get("/catalogue/import", Some(ChangeCatalogue), |route| route.to(imports::page)),
        post("/catalogue/import", Some(ChangeCatalogue), |route| route.to(imports::upload)),
        get("/live/import", Some(ChangeCatalogue), |route| route.to(imports::live)),
        get("/tills/people", Some(ChangePeople), |route| route.to(till_people::page)),
        get("/tills/people/person", Some(ChangePeople), |route| route.to(till_people::person)),
        post("/tills/people/person", Some(ChangePeople), |route| route.to(till_people::change)),
        get("/tills/settings", Some(ViewCatalogue), |route| route.to(till_settings::index)),
        get("/tills/settings/{section}", Some(ViewCatalogue), |route| route.to(till_settings::page)),
        post("/tills/settings/{section}", Some(ChangeCatalogue), |route| route.to(till_settings::save)),
        get("/accounts", Some(accounts::VIEW), |route| route.to(accounts::page)),
        post("/accounts", Some(accounts::CHANGE), |route| route.to(accounts::changes::add)),
        get("/accounts/requests", Some(accounts::VIEW), |route| route.to(accounts::desk::requests)),
        post("/accounts/requests", Some(accounts::CHANGE), |route| route.to(accounts::desk::judge)),
        get("/accounts/stores", Some(accounts::VIEW), |route| route.to(accounts::desk::stores)),
        post("/accounts/stores", Some(accounts::CHANGE), |route| route.to(accounts::desk::change_store)),
        get("/accounts/holds", Some(accounts::VIEW), |route| route.to(accounts::lists::holds)),
        get("/accounts/alerts", Some(accounts::VIEW), |route| route.to(accounts::lists::alerts)),
        get("/accounts/budgets", Some(accounts::VIEW), |route| route.to(accounts::lists::budgets)),
        post("/accounts/budgets", Some(accounts::CHANGE), |route| route.to(accounts::lists::set_budget)),
        get("/accounts/gift", Some(accounts::VIEW), |route| route.to(accounts::gift::page)),
        post("/accounts/gift", Some(accounts::CHANGE), |route| route.to(accounts::gift::change)),
        get("/accounts/gift/numbers", Some(accounts::CHANGE), |route| route.to(accounts::gift::numbers)),
        get("/accounts/{owner}", Some(accounts::VIEW), |route| route.to(accounts::customer::page)),
        post("/accounts/{owner}", Some(accounts::CHANGE), |route| route.to(accounts::changes::change)),
        get("/api/accounts/openapi.json", Some(accounts::VIEW), |route| route.to(api::accounts::openapi)),
        get("/api/accounts/customers/{number}", Some(accounts::VIEW), |route| route.to(api::accounts::customer)),
        get("/api/accounts/customers/{number}/balance", Some(accounts::VIEW), |route| route.to(api::accounts::balance)),
        get("/api/accounts/customers/{number}/statement", Some(accounts::VIEW), |route| {
            route.to(api::accounts::statement)
        }),
        post("/api/accounts/hold", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::hold)),
        post("/api/accounts/capture", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::capture)),
        post("/api/accounts/void", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::void)),
        post("/api/accounts/topup", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::topup)),
        post("/api/accounts/spend", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::spend)),
        post("/api/accounts/transfer", Some(Right::UseAccounts), |route| route.to(api::accounts::posts::transfer)),
        get("/api/v1/items", Some(ViewCatalogue), |route| route.to(api::items)),
        post("/api/v1/items", Some(ChangeCatalogue), |route| route.to(api::put_items)),
        post("/api/v1/items/import", Some(ChangeCatalogue), |route| route.to(api::import)),
        get("/api/v1/items/{code:.+}", Some(ViewCatalogue), |route| route.to(api::item)),
        put("/api/v1/items/{code:.+}", Some(ChangeCatalogue), |route| route.to(api::put_item)),
        delete("/api/v1/items/{code:.+}", Some(ChangeCatalogue), |route| route.to(api::remove_item)),
        get("/api/v1/operators", Some(ChangePeople), |route| route.to(api::operators::list)),
        get("/api/v1/operators/{number}", Some(ChangePeople), |route| route.to(api::operators::show)),
        put("/api/v1/operators/{number}", Some(ChangePeople), |route| route.to(api::operators::put)),
        delete("/api/v1/operators/{number}", Some(ChangePeople), |route| route.to(api::operators::remove)),
        get("/api/v1/till-settings", Some(ViewCatalogue), |route| route.to(api::till_settings::list)),
        get("/api/v1/till-settings/{section}", Some(ViewCatalogue), |route| route.to(api::till_settings::show)),
        put("/api/v1/till-settings/{section}", Some(ChangeCatalogue), |route| route.to(api::till_settings::put)),
        delete("/api/v1/till-settings/{section}", Some(ChangeCatalogue), |route| route.to(api::till_settings::remove)),
        get("/api/v1/till-settings/{section}/{store}", Some(ViewCatalogue), |route| route.to(api::till_settings::show)),
        put("/api/v1/till-settings/{section}/{store}", Some(ChangeCatalogue), |route| {
            route.to(api::till_settings::put)
        }),
        delete("/api/v1/till-settings/{section}/{store}", Some(ChangeCatalogue), |route| {
            route.to(api::till_settings::remove)
        }),
        put("/api/v1/barcode-rules", Some(ChangeCatalogue), |route| route.to(api::put_barcode_rules)),
        get("/api/v1/reports/{name}", Some(ViewSales), |route| route.to(api::report)),
    ]
}

pub fn configure(config: &mut web::ServiceConfig) {
    routes::configure(config, routes(), Limits { json_bytes_max: JSON_BYTES_MAX, form_bytes_max: FORM_BYTES_MAX });
}
