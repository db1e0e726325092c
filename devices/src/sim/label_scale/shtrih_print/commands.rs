//! The commands that the simulated Shtrih-Print scale obeys.

use chrono::{Datelike, NaiveDate, Timelike};
use domain::money::Money;

use super::{Scale, TEXT_LINES, TEXTS_MAX, WRONG_PASSWORDS_MAX};
use crate::label_scale::ItemUnit;
use crate::label_scale::shtrih_print::errors::*;
use crate::label_scale::shtrih_print::record::{self, ARTICLE_BYTES, TEXT_LINE_BYTES};
use crate::label_scale::shtrih_print::{
    CLEAR_ARTICLES, DELETE_ARTICLE, KEY_CALLS_PLU, MODE, READ_ARTICLE, READ_TEXT_LINE, READ_TOTAL, SET_DATE,
    SET_HOT_KEY, SET_PREFIX, SET_TIME, STATE, WRITE_ARTICLE, WRITE_TEXT_LINE,
};
use crate::sim::fault::Fault;
use crate::sim::label_scale::shelf::{Now, Shelf};

const LOCK_KEYBOARD: u8 = 0x09;
const BEEP: u8 = 0x13;
const SET_PASSWORD: u8 = 0x16;
const CLEAR_TOTALS: u8 = 0x19;
const TARE: u8 = 0x31;
const READ_WEIGHT: u8 = 0x38;
const READ_WEIGHER: u8 = 0x3A;
const WRITE_ARTICLE_SHORT: u8 = 0x50;
const READ_ARTICLE_SHORT: u8 = 0x51;
const READ_COMMON_TOTALS: u8 = 0x61;
const READ_PREFIXES: u8 = 0x76;
const READ_HOT_KEY: u8 = 0xB0;
const ARTICLES_MAX: u8 = 0xD0;
const MESSAGES_MAX: u8 = 0xD1;
const MESSAGE_LINES: u8 = 0xD2;
const DEVICE_TYPE: u8 = 0xFC;
/// The short form of an article has no date.
const SHORT_ARTICLE_BYTES: usize = ARTICLE_BYTES - 3;
/// Settings of one byte that are read by an even command and written by the odd one after it.
const SETTINGS: std::ops::RangeInclusive<u8> = 0x70..=0x89;
const MODE_MENU: u16 = 1 << 12;
/// Fixed, and zero at the start was found and the platform is at rest.
const WEIGHER_AT_REST: u8 = 0x15;
const PAPER_AND_LABEL: u8 = 0x05;
const CODE_MAX: u32 = 999_999;
const PRICE_MAX: i64 = 999_999;
const FOUR_DIGITS_MAX: u16 = 9999;

/// Run one command; the answer is command, error and data.
pub(super) fn obey(scale: &mut Scale, shelf: &mut Shelf, body: &[u8], now: Now) -> Vec<u8> {
    let Some((command, data)) = body.split_first() else { return vec![0, BAD_LENGTH] };
    let done = if scale.is_clearing(shelf, now) && *command != MODE {
        Err(NOT_IN_THIS_MODE)
    } else {
        run(scale, shelf, *command, data, now)
    };
    match done {
        Ok(data) => [&[*command, 0], &data[..]].concat(),
        Err(error) => vec![*command, error],
    }
}

type Done = Result<Vec<u8>, u8>;

fn run(scale: &mut Scale, shelf: &mut Shelf, command: u8, data: &[u8], now: Now) -> Done {
    match command {
        STATE => return exactly::<0>(data).map(|_| state(scale, shelf, now)),
        MODE => return exactly::<0>(data).map(|_| mode(scale, shelf)),
        BEEP => return exactly::<0>(data).map(|_| Vec::new()),
        DEVICE_TYPE => {
            // Protocol 1.3 of device type 1.1, in Russian, with its name.
            return exactly::<0>(data)
                .map(|_| b"\x01\x01\x01\x03\x00\x00\xD8\xF2\xF0\xE8\xF5-\xCF\xF0\xE8\xED\xF2".to_vec());
        }
        _ => {}
    }
    if !knows(command) {
        return Err(UNKNOWN_COMMAND);
    }
    let Some((password, data)) = data.split_first_chunk::<4>() else { return Err(BAD_LENGTH) };
    if scale.wrong_passwords >= WRONG_PASSWORDS_MAX {
        return Err(TOO_MANY_PASSWORDS);
    }
    if *password != scale.password {
        scale.wrong_passwords += 1;
        return Err(WRONG_PASSWORD);
    }
    scale.wrong_passwords = 0;
    if changes(command) {
        if shelf.is_busy {
            return Err(NOT_IN_THIS_MODE);
        }
        if let Fault::Refuse(code) = shelf.fault {
            return Err(code);
        }
        let done = change(scale, shelf, command, data, now)?;
        shelf.committed = true;
        return Ok(done);
    }
    tell(scale, shelf, command, data)
}

fn knows(command: u8) -> bool {
    let tells = matches!(
        command,
        READ_WEIGHT
            | READ_WEIGHER
            | READ_ARTICLE_SHORT
            | READ_ARTICLE
            | READ_TEXT_LINE
            | READ_TOTAL
            | READ_COMMON_TOTALS
            | READ_HOT_KEY
            | ARTICLES_MAX
            | MESSAGES_MAX
            | MESSAGE_LINES
    );
    tells || changes(command) || SETTINGS.contains(&command)
}

fn changes(command: u8) -> bool {
    let named = matches!(
        command,
        LOCK_KEYBOARD
            | SET_PASSWORD
            | CLEAR_ARTICLES
            | CLEAR_TOTALS
            | SET_TIME
            | SET_DATE
            | TARE
            | WRITE_ARTICLE_SHORT
            | WRITE_ARTICLE
            | WRITE_TEXT_LINE
            | DELETE_ARTICLE
            | SET_HOT_KEY
    );
    named || SETTINGS.contains(&command) && command % 2 == 1
}

fn change(scale: &mut Scale, shelf: &mut Shelf, command: u8, data: &[u8], now: Now) -> Done {
    match command {
        LOCK_KEYBOARD => exactly::<1>(data).map(drop)?,
        TARE => exactly::<0>(data).map(drop)?,
        SET_PASSWORD => scale.password = exactly(data)?,
        CLEAR_ARTICLES => {
            exactly::<0>(data)?;
            scale.clearing = Some(now.instant + shelf.settings.clear_time);
        }
        CLEAR_TOTALS => {
            exactly::<0>(data)?;
            shelf.totals.clear();
        }
        SET_TIME => {
            let [hour, minute, second] = exactly(data)?;
            let time = shelf.clock(now).date().and_hms_opt(hour.into(), minute.into(), second.into());
            shelf.clock_offset = time.ok_or(BAD_VALUE)? - now.clock;
        }
        SET_DATE => {
            let [day, month, year] = exactly(data)?;
            let date = NaiveDate::from_ymd_opt(2000 + i32::from(year), month.into(), day.into()).ok_or(BAD_VALUE)?;
            shelf.clock_offset = date.and_time(shelf.clock(now).time()) - now.clock;
        }
        WRITE_ARTICLE_SHORT => {
            let record = exactly::<{ 2 + SHORT_ARTICLE_BYTES }>(data)?;
            store(scale, shelf, &record[..2], &[&record[2..], &[0; 3]].concat())?;
        }
        WRITE_ARTICLE => {
            let record = exactly::<{ 2 + ARTICLE_BYTES }>(data)?;
            store(scale, shelf, &record[..2], &record[2..])?;
        }
        WRITE_TEXT_LINE => {
            let record = exactly::<{ 3 + TEXT_LINE_BYTES }>(data)?;
            let place = text_place(&record[..3])?;
            let mut line = [0; TEXT_LINE_BYTES];
            line.copy_from_slice(&record[3..]);
            scale.texts.insert(place, line);
        }
        DELETE_ARTICLE => {
            let plu = plu(shelf, exactly(data)?)?;
            check(shelf.selected != Some(plu.into()), PLU_SELECTED)?;
            scale.articles.remove(&plu).ok_or(PLU_EMPTY)?;
        }
        SET_PREFIX => {
            let [kind, prefix] = exactly(data)?;
            *scale.prefixes.get_mut(usize::from(kind)).ok_or(BAD_VALUE)? = prefix;
        }
        SET_HOT_KEY => {
            let [key, function, a, b, c, d] = exactly(data)?;
            if key == 0 || key > 90 {
                return Err(BAD_VALUE);
            }
            if function == KEY_CALLS_PLU {
                shelf.hot_keys.insert(key.into(), u32::from_le_bytes([a, b, c, d]));
            } else {
                shelf.hot_keys.remove(&key.into());
            }
        }
        command => {
            let [value] = exactly(data)?;
            scale.settings.insert(command, value);
        }
    }
    Ok(Vec::new())
}

fn tell(scale: &Scale, shelf: &Shelf, command: u8, data: &[u8]) -> Done {
    let article = |data: &[u8]| -> Result<&[u8; ARTICLE_BYTES], u8> {
        scale.articles.get(&plu(shelf, exactly(data)?)?).ok_or(PLU_EMPTY)
    };
    Ok(match command {
        READ_ARTICLE => article(data)?.to_vec(),
        READ_ARTICLE_SHORT => {
            let record = article(data)?;
            let mut record = record[..SHORT_ARTICLE_BYTES].to_vec();
            // The short form does not tell pieces from weight.
            record[72] &= 0x7F;
            record
        }
        READ_TEXT_LINE => {
            let place = text_place(&exactly::<3>(data)?)?;
            scale.texts.get(&place).unwrap_or(&[b' '; TEXT_LINE_BYTES]).to_vec()
        }
        READ_TOTAL => {
            let plu = u32::from(plu(shelf, exactly(data)?)?);
            let total = shelf.totals.get(&plu);
            let is_piece = scale.item(plu).is_some_and(|item| item.unit == ItemUnit::Piece);
            let thousandths = total.map_or(0, |total| total.quantity.thousandths());
            let quantity = if is_piece { thousandths / 1000 } else { thousandths };
            let sum = total.and_then(|total| total.sum).unwrap_or(Money::ZERO);
            let mut bytes = (sum.minor() as u32).to_le_bytes().to_vec();
            bytes.extend((quantity as u32).to_le_bytes());
            bytes.extend((total.map_or(0, |total| total.labels) as u16).to_le_bytes());
            bytes
        }
        READ_COMMON_TOTALS => {
            exactly::<0>(data)?;
            let sum: Money = shelf.totals.values().filter_map(|total| total.sum).sum();
            [&[0; 8][..], &(sum.minor() as u32).to_le_bytes()].concat()
        }
        READ_WEIGHT => exactly::<0>(data).map(|_| shelf.grams.to_le_bytes().to_vec())?,
        READ_WEIGHER => {
            exactly::<0>(data)?;
            let [low, high] = shelf.grams.to_le_bytes();
            vec![WEIGHER_AT_REST, low, high, 0, 0, 0]
        }
        READ_PREFIXES => exactly::<0>(data).map(|_| scale.prefixes.to_vec())?,
        READ_HOT_KEY => {
            let [key] = exactly(data)?;
            match shelf.hot_keys.get(&key.into()) {
                Some(plu) => [&[KEY_CALLS_PLU][..], &plu.to_le_bytes()].concat(),
                None => vec![0xFF, 0, 0, 0, 0],
            }
        }
        ARTICLES_MAX => exactly::<0>(data).map(|_| articles_max(shelf).to_le_bytes().to_vec())?,
        MESSAGES_MAX => exactly::<0>(data).map(|_| TEXTS_MAX.to_le_bytes().to_vec())?,
        MESSAGE_LINES => exactly::<0>(data).map(|_| vec![TEXT_LINES])?,
        command => exactly::<0>(data).map(|_| vec![scale.settings.get(&(command + 1)).copied().unwrap_or(0)])?,
    })
}

fn store(scale: &mut Scale, shelf: &Shelf, number: &[u8], record: &[u8]) -> Result<(), u8> {
    let number = plu(shelf, exactly(number)?)?;
    let record: [u8; ARTICLE_BYTES] = exactly(record)?;
    if shelf.fault == Fault::MemoryFull && !scale.articles.contains_key(&number) {
        return Err(BAD_PLU);
    }
    let (item, message) = record::article(number.into(), &record).ok_or(BAD_LENGTH)?;
    check(shelf.selected != Some(number.into()), PLU_SELECTED)?;
    check((1..=CODE_MAX).contains(&item.code), BAD_CODE)?;
    check((0..=PRICE_MAX).contains(&item.price.minor()), BAD_PRICE)?;
    check(item.shelf_life_days <= FOUR_DIGITS_MAX, BAD_SHELF_LIFE)?;
    check(item.group <= FOUR_DIGITS_MAX, BAD_GROUP)?;
    check(message <= TEXTS_MAX, BAD_MESSAGE)?;
    scale.articles.insert(number, record);
    Ok(())
}

fn check(good: bool, error: u8) -> Result<(), u8> {
    if good { Ok(()) } else { Err(error) }
}

fn plu(shelf: &Shelf, number: [u8; 2]) -> Result<u16, u8> {
    let number = u16::from_le_bytes(number);
    if (1..=articles_max(shelf)).contains(&number) { Ok(number) } else { Err(BAD_PLU) }
}

fn articles_max(shelf: &Shelf) -> u16 {
    u16::try_from(shelf.settings.items_max).unwrap_or(u16::MAX)
}

fn text_place(place: &[u8]) -> Result<(u16, u8), u8> {
    let [low, high, line] = exactly(place)?;
    let message = u16::from_le_bytes([low, high]);
    if !(1..=TEXTS_MAX).contains(&message) {
        return Err(BAD_MESSAGE);
    }
    if (1..=TEXT_LINES).contains(&line) { Ok((message, line)) } else { Err(BAD_LINE) }
}

fn exactly<const N: usize>(data: &[u8]) -> Result<[u8; N], u8> {
    data.try_into().map_err(|_| BAD_LENGTH)
}

fn mode(scale: &Scale, shelf: &Shelf) -> Vec<u8> {
    let mode = if shelf.is_busy { MODE_MENU } else { 0 };
    [&mode.to_le_bytes()[..], &[u8::from(scale.clearing.is_some())]].concat()
}

fn state(scale: &Scale, shelf: &Shelf, now: Now) -> Vec<u8> {
    let clock = shelf.clock(now);
    let has_paper = shelf.fault != Fault::PaperOut;
    let mut state = b"45\0\0\x01\x06\x0C".to_vec();
    state.extend(articles_max(shelf).to_le_bytes());
    state.extend(TEXTS_MAX.to_le_bytes());
    // 15 kg by 2 and 5 g, scale number 1.
    state.extend([TEXT_LINES, 15, 0b110, 1]);
    state.extend((shelf.label_number as u16).to_le_bytes());
    state.extend(mode(scale, shelf));
    state.push(0);
    state.extend([clock.day() as u8, clock.month() as u8, (clock.year() % 100) as u8]);
    state.extend([clock.hour() as u8, clock.minute() as u8, clock.second() as u8]);
    // Date DD MM YY, 24 hours, Russian, two decimals, no packing, sound, printing on, from 20 g.
    state.extend([0, 1, 0, 2, 0, 1, 1, 20, 0]);
    state.push(if has_paper { PAPER_AND_LABEL } else { 0 });
    state.push(WEIGHER_AT_REST);
    state.extend(shelf.grams.to_le_bytes());
    state.resize(record::STATE_BYTES - 1, 0);
    state.push(1);
    state
}
