//! Everything a cashier can do at the receipt and at the payment, once: name, keys, words and text. Key handling, the
//! bottom line, the help and the menu are made from this list.
//!
//! A word is typed like a code and ended with Enter, so that a programmable keyboard can send it; a number may stand before
//! it ("500НАЛ") or after it ("VD 3"). Capitals do not matter.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Total,
    Void,
    Quantity,
    Weigh,
    Clear,
    Search,
    CheckPrice,
    Customer,
    Discount,
    Repeat,
    Park,
    Return,
    QuickKeys,
    Menu,
    Help,
    Copy,
    Lock,
    Drawer,
    Leave,
    // In the cashier's menu.
    CashIn,
    CashOut,
    ReportX,
    CloseShift,
    Count,
    Reprint,
    Journal,
    Train,
    CancelReceipt,
    /// Lock, break or sign off.
    Away,
    Break,
    SignOff,
    // At the payment.
    Cash,
    Card,
    Qr,
    Points,
    Gift,
    Credit,
    Prepaid,
    /// What was taken from an account last goes back.
    GiveBack,
    /// Cash, whose change is taken in points.
    ChangeToPoints,
    ToReceipt,
}

/// Where an action is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    Sale,
    Payment,
    Both,
}

impl On {
    pub fn includes(self, place: On) -> bool {
        self == On::Both || self == place
    }
}

pub struct Known {
    pub act: Act,
    /// By which the shop binds a key or a word to it.
    pub name: &'static str,
    pub on: On,
    pub keys: &'static [&'static str],
    /// Its digit in the cashier's menu. Digits stay the same for life: fingers know them.
    pub digit: Option<char>,
    pub words: &'static [&'static str],
    /// Key of its text.
    pub text: &'static str,
}

const fn known(
    act: Act,
    name: &'static str,
    on: On,
    keys: &'static [&'static str],
    words: &'static [&'static str],
    text: &'static str,
) -> Known {
    Known { act, name, on, keys, digit: None, words, text }
}

const fn in_menu(
    act: Act,
    name: &'static str,
    digit: char,
    words: &'static [&'static str],
    text: &'static str,
) -> Known {
    Known { act, name, on: On::Both, keys: &[], digit: Some(digit), words, text }
}

use On::{Both, Payment, Sale};

pub const ALL: [Known; 41] = [
    known(Act::Total, "total", Sale, &["+", "F12"], &["TL", "ИТ"], "key-total"),
    known(Act::Void, "void", Sale, &["-", "Del"], &["VD", "СТ"], "key-void"),
    known(Act::Quantity, "quantity", Sale, &["*"], &["KOL", "X", "Х"], "key-quantity"),
    known(Act::Weigh, "weigh", Sale, &["/"], &["TW", "ВЕС", "ВАГА"], "key-weigh"),
    known(Act::Search, "search", Sale, &["F2"], &["PV", "ПОИСК", "ПОШУК"], "key-search"),
    known(Act::CheckPrice, "check_price", Sale, &["F3"], &["PC", "ЦЕНА", "ЦІНА"], "key-price"),
    known(Act::Customer, "customer", Sale, &["F4"], &["ID", "КАРТА", "КАРТКА"], "key-customer"),
    known(Act::Discount, "discount", Sale, &["F5"], &["DI", "DA", "СК", "ЗН"], "key-discount"),
    known(Act::Repeat, "repeat", Sale, &["F6"], &["RI", "ЕЩЁ", "ЕЩЕ", "ЩЕ"], "key-repeat"),
    known(Act::Park, "park", Sale, &["F7"], &["SU", "RC", "ОТЛ", "ВІД"], "key-park"),
    known(Act::Return, "return", Sale, &["F8"], &["RF", "ВЗ", "ПВ"], "key-return"),
    known(Act::QuickKeys, "quick_keys", Sale, &["Ins"], &["QK", "БК", "ШК"], "key-quick"),
    known(Act::Cash, "cash", Payment, &["+", "F12"], &["CA", "НАЛ", "ГОТ"], "key-cash"),
    known(Act::Card, "card", Payment, &["F2"], &["CC", "БН", "КРТ"], "key-card"),
    known(Act::Qr, "qr", Payment, &["F3"], &["QR", "СБП"], "key-qr"),
    known(Act::Points, "points", Payment, &["F4"], &["BON", "БОН"], "key-points"),
    known(Act::Gift, "gift", Payment, &["F5"], &["GC", "ПК"], "key-gift"),
    known(Act::Credit, "credit", Payment, &["F6"], &["CH", "КР"], "key-credit"),
    known(Act::Prepaid, "prepaid", Payment, &[], &["PRE", "ЛС", "ОР"], "key-prepaid"),
    known(Act::GiveBack, "give_back", Payment, &["F8"], &["GB", "ВЕРН", "ПОВЕРН"], "key-give-back"),
    known(Act::ChangeToPoints, "change_to_points", Payment, &["F11"], &["CTP", "СДАЧА", "РЕШТА"], "key-change-points"),
    known(Act::ToReceipt, "to_receipt", Payment, &["F7"], &["BACK", "НАЗАД"], "key-to-receipt"),
    known(Act::Menu, "menu", Both, &["F9"], &["MG", "МЕНЮ"], "key-menu"),
    in_menu(Act::CashIn, "cash_in", '1', &["RA", "ВН"], "menu-cash-in"),
    in_menu(Act::CashOut, "cash_out", '2', &["PO", "ИЗ", "ВЛ"], "menu-cash-out"),
    in_menu(Act::ReportX, "report_x", '3', &["XR", "ХО"], "menu-x"),
    in_menu(Act::CloseShift, "close_shift", '4', &["ZR", "ЗО"], "menu-z"),
    in_menu(Act::Count, "count", '5', &["CNT", "СЧЁТ", "СЧЕТ", "ЛІК"], "menu-count"),
    in_menu(Act::Reprint, "reprint", '6', &["RP", "ПЕЧ", "ДРУК"], "menu-reprint"),
    in_menu(Act::Journal, "journal", '7', &["JR", "ЖУР"], "menu-journal"),
    in_menu(Act::Train, "train", '8', &["TR", "УЧ", "НАВ"], "menu-train"),
    in_menu(Act::CancelReceipt, "cancel_receipt", '9', &["CN", "ОТМ", "СКАС"], "menu-cancel"),
    in_menu(Act::Away, "away", '0', &["AW", "УХОД", "ВІДІЙ"], "menu-away"),
    known(Act::Lock, "lock", Both, &["Ctrl+L"], &["LOCK", "БЛОК"], "key-lock"),
    known(Act::Break, "break", Both, &[], &["BRK", "ПЕРЕРЫВ", "ПЕРЕРВА"], "menu-break"),
    known(Act::SignOff, "sign_off", Both, &[], &["SO", "ВЫХОД", "ВИХІД"], "menu-sign-off"),
    known(Act::Copy, "copy", Both, &["Ctrl+P"], &["COPY", "КОПИЯ", "КОПІЯ"], "key-copy"),
    known(Act::Drawer, "drawer", Both, &["Ctrl+O"], &["NS", "ЯЩИК", "СКР"], "key-drawer"),
    known(Act::Clear, "clear", Both, &["Esc"], &["CL", "НЕТ", "НІ"], "key-clear"),
    known(Act::Leave, "leave", Both, &["Ctrl+Q"], &[], "key-leave"),
    known(Act::Help, "help", Both, &["F1"], &["HELP", "ПОМ", "ДОП"], "key-help"),
];

pub fn of(act: Act) -> &'static Known {
    ALL.iter().find(|known| known.act == act).expect("every action is in the list")
}

pub fn by_name(name: &str) -> Option<Act> {
    ALL.iter().find(|known| known.name == name).map(|known| known.act)
}

/// The built-in action of a key.
pub fn by_key(name: &str, place: On) -> Option<Act> {
    let has = |known: &&Known| known.on.includes(place) && known.keys.contains(&name);
    ALL.iter().find(has).map(|known| known.act)
}

/// The built-in action of a word in capitals.
pub fn by_word(word: &str, place: On) -> Option<Act> {
    let has = |known: &&Known| known.on.includes(place) && known.words.contains(&word);
    ALL.iter().find(has).map(|known| known.act)
}
