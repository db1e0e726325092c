//! The same shop with its server and its head office on PostgreSQL; the till keeps its file.

use crate::sandbox::check_on_postgres;

#[test]
#[ignore = "needs the address of a PostgreSQL server in OPENSTORE_TEST_POSTGRES"]
fn a_day_with_the_databases_of_the_servers_on_postgres() {
    check_on_postgres(
        r#"
{"do":"scan","data":"4600000000015"}
{"do":"item","code":"MILK","name":"Milk","price":"94.90","vat":"10","barcodes":["4600000000015"]}
{"do":"settle"}
{"do":"pay","tender":"cash","amount":"89.90","expect":{"receipt.total":"89.90"}}
{"do":"crash","node":"store"}
{"do":"crash","node":"hq"}
{"do":"receipt","id":"sold","lines":[{"code":"COFFEE","quantity":"1"}],"tenders":[{"tender":"cash","amount":"349.00"}]}
{"do":"scan","data":"4600000000015","expect":{"due":"94.90"}}
{"do":"park","name":"forgot her purse"}
{"do":"settle"}
{"do":"open_shift","till":2,"operator":"1","pin":"1111","float":"1000.00"}
{"do":"return","of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash","expect":{"receipt.total":"349.00"}}
{"do":"link","till":1,"between":["till","store"],"up":false}
{"do":"receipt","till":1,"lines":[{"code":"BREAD","quantity":"2"}],"tenders":[{"tender":"cash","amount":"91.00"}]}
{"do":"link","till":1,"between":["till","store"],"up":true}
{"do":"settle"}
{"do":"report","name":"sales","args":{"by":"till"},"expect":{"rows.0.receipts":3,"rows.0.net":"529.90","rows.1.net":"-349.00"}}
{"do":"report","name":"sales","args":{"by":"store"},"expect":{"rows.0.net":"180.90"}}
"#,
    );
}
