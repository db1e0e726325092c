//! Marked goods: one unit is sold once.

use crate::sandbox::check;

#[test]
fn retail_s47_a_marked_unit_is_sold_once() {
    check(
        r#"
{"do":"scan","data":"4600000000084","expect":{"ok":false,"error.code":"asks_mark"}}
{"do":"scan","data":"]d201046000000000842155555\u001d93abcd","expect":{"due":"64.90"}}
{"do":"scan","data":"01046000000000842155555~193abcd","expect":{"ok":false,"error.code":"mark_twice"}}
{"do":"scan","data":"01046000000000842177777~193abcd","expect":{"due":"129.80"}}
{"do":"quantity","line":1,"quantity":"2","expect":{"ok":false,"error.code":"one_unit"}}
{"do":"void","line":2,"expect":{"ok":false,"error.code":"asks_mark"}}
{"do":"scan","data":"01046000000000842155555~193abcd","expect":{"ok":false,"error.code":"not_the_mark"}}
{"do":"scan","data":"01046000000000842177777~193abcd","expect":{"due":"64.90"}}
{"do":"pay","id":"sold","tender":"cash","amount":"64.90","expect":{"receipt.lines.0.mark":"0104600000000084"}}
"#
        .replace("\"0104600000000084\"", "\"01046000000000842155555\"")
        .as_str(),
    );
    check(
        r#"
{"do":"open_shift","till":2,"operator":"2","pin":"2222","float":"1000.00"}
{"do":"scan","till":1,"data":"01046000000000842155555~193abcd","expect":{"due":"64.90"}}
{"do":"scan","till":2,"data":"01046000000000842155555~193abcd","expect":{"ok":false,"error.code":"mark_sold"}}
{"do":"pay","till":1,"id":"sold","tender":"cash","amount":"64.90"}
{"do":"settle"}
{"do":"scan","till":1,"data":"01046000000000842155555~193abcd","expect":{"ok":false,"error.code":"mark_sold"}}
{"do":"scan","till":2,"data":"01046000000000842155555~193abcd","expect":{"ok":false,"error.code":"mark_sold"}}
{"do":"return","till":1,"of":"@sold","lines":[{"line":1,"quantity":"1"}],"tender":"cash"}
{"do":"settle"}
{"do":"scan","till":2,"data":"01046000000000842155555~193abcd","expect":{"due":"64.90"}}
{"do":"pay","till":2,"tender":"cash","amount":"64.90"}
"#,
    );
}

#[test]
fn retail_s47_nobody_to_check_marked_goods_for_three_days() {
    check(
        r#"
{"do":"scan","data":"01046000000000842111111~193abcd"}
{"do":"pay","tender":"cash","amount":"64.90"}
{"do":"settle"}
{"do":"link","between":["till","store"],"up":false}
{"do":"close_shift","counted":"5064.90"}
{"do":"open_shift","at":"2026-06-03T09:00:00","operator":"1","pin":"1111","float":"0.00"}
{"do":"scan","data":"01046000000000842122222~193abcd","expect":{"due":"64.90"}}
{"do":"pay","tender":"cash","amount":"64.90"}
{"do":"scan","data":"01046000000000842122222~193abcd","expect":{"ok":false,"error.code":"mark_sold"}}
{"do":"close_shift","counted":"64.90"}
{"do":"open_shift","at":"2026-06-04T10:00:00","operator":"1","pin":"1111","float":"0.00"}
{"do":"scan","data":"01046000000000842133333~193abcd","expect":{"ok":false,"error.code":"marks_unchecked"}}
{"do":"scan","data":"4600000000015","expect":{"due":"89.90"}}
{"do":"pay","tender":"cash","amount":"89.90"}
{"do":"link","between":["till","store"],"up":true}
{"do":"settle"}
{"do":"scan","data":"01046000000000842133333~193abcd","expect":{"due":"64.90"}}
{"do":"pay","tender":"cash","amount":"64.90"}
"#,
    );
}
