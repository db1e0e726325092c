//! Bytes that nobody wrote: every decoder survives them.

use devices::label_scale::{
    BarcodeValue, Decode, ItemUnit, ScaleItem, Wire, cas_cl5000, massak_vpm, mertech, shtrih_print,
};
use domain::money::Money;
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// A tenth of a second in a debug build, the whole promise in a release build.
const INPUTS: u32 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
const INPUT_BYTES_MAX: usize = 200;

fn below(random: &mut TestRng, limit: usize) -> usize {
    random.next_u32() as usize % limit
}

/// Noise, or a good frame with a few bytes turned, added or lost.
fn input(random: &mut TestRng, frames: &[Vec<u8>]) -> Vec<u8> {
    if below(random, 4) == 0 {
        let mut bytes = vec![0; below(random, INPUT_BYTES_MAX)];
        random.fill_bytes(&mut bytes);
        return bytes;
    }
    let mut bytes = frames[below(random, frames.len())].clone();
    for _ in 0..below(random, 4) {
        let at = below(random, bytes.len());
        match below(random, 3) {
            0 => bytes[at] = random.next_u32() as u8,
            1 => bytes.insert(at, random.next_u32() as u8),
            _ if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => {}
        }
    }
    bytes
}

/// Feed a decoder in pieces, with a new start now and then, and give whatever it finds to `look`.
fn fuzz<D: Decode>(seed: u8, mut decoder: D, frames: &[Vec<u8>], mut look: impl FnMut(D::Item) -> bool) {
    let mut random = TestRng::from_seed(RngAlgorithm::XorShift, &[seed; 16]);
    let mut good = 0;
    for number in 0..INPUTS {
        let bytes = input(&mut random, frames);
        let (left, right) = bytes.split_at(below(&mut random, bytes.len() + 1));
        let mut found = 0;
        for piece in [left, right] {
            decoder.feed(piece);
            while let Some(item) = decoder.next_item() {
                good += u32::from(look(item));
                found += 1;
                assert!(found <= 4096, "a decoder finds more than there is");
            }
        }
        if number % 16 == 0 {
            decoder.clear();
        }
    }
    assert!(good > INPUTS / 100, "good frames are found among the bad ones: {good}");
}

fn article() -> ScaleItem {
    ScaleItem {
        plu: 5,
        code: 123,
        name: "Сыр Российский 50%".into(),
        price: Money::from_minor(49_900),
        unit: ItemUnit::Piece,
        shelf_life_days: 30,
        text: "Состав: молоко, соль".into(),
        barcode_prefix: 22,
        ..ScaleItem::default()
    }
}

#[test]
fn shtrih_print_survives_any_bytes() {
    use shtrih_print::codec::{Decoder, Item, encode};
    use shtrih_print::record;
    let mut data = vec![0x58, 0];
    record::put_article(&article(), 5, &mut data);
    let state = [&[0x11, 0][..], &[0; record::STATE_BYTES]].concat();
    let bodies = [vec![0x12, 0, 0, 0, 1], vec![0x57, 0], data, state];
    for (seed, wire) in (1..).zip([Wire::Datagram, Wire::Serial, Wire::Tcp]) {
        let mut frames: Vec<Vec<u8>> = bodies
            .iter()
            .map(|body| {
                let mut frame = Vec::new();
                encode(wire, body, &mut frame);
                frame
            })
            .collect();
        frames.extend([vec![0x05], vec![0x06], vec![0x15]]);
        fuzz(seed, Decoder::new(wire), &frames, |item| {
            let Item::Body(body) = item else { return false };
            assert!(body.len() <= 4096);
            let data = body.get(2..).unwrap_or_default();
            record::State::parse(data).map(|state| (state.model(), state.hot_keys_max()));
            if let Some((read, _)) = record::article(5, data) {
                assert!(read.name.chars().count() <= 57);
            }
            record::text_of(data.chunks(record::TEXT_LINE_BYTES));
            true
        });
    }
}

#[test]
fn massak_vpm_survives_any_bytes() {
    use massak_vpm::codec::{BODY_BYTES_MAX, Item, decoder, encode};
    use massak_vpm::record;
    let layout = record::barcode_file(BarcodeValue::Sum);
    let mut file = Vec::new();
    record::put_article(&article(), &mut file);
    file.extend(record::key_file(&[(1, 5), (2, 6)]));
    let part = [&[0x45, 1, 1, 0, 1, 0, file.len() as u8, 0][..], &file].concat();
    let simple = record::simple_mode_file(22, BarcodeValue::Sum);
    let layouts = [&layout, &simple].map(|file| [&[0x45, 9, 1, 0, 1, 0, file.len() as u8, 0][..], file].concat());
    let frames: Vec<Vec<u8>> = [vec![0x40, 1, 1, 0, 0], vec![0x42, 1, 1, 0, 1, 0], part]
        .iter()
        .chain(&layouts)
        .map(|body| {
            let mut frame = Vec::new();
            encode(body, &mut frame);
            frame
        })
        .collect();
    let mut random = TestRng::from_seed(RngAlgorithm::XorShift, &[9; 16]);
    fuzz(4, decoder(), &frames, |item| {
        let Item::Body(body) = item else { return false };
        assert!(body.len() <= BODY_BYTES_MAX);
        // A good sum over a bad file: what the frame's sum lets through must be survived too.
        let mut file = body.get(8..).unwrap_or_default().to_vec();
        if !file.is_empty() {
            let at = below(&mut random, file.len());
            file[at] = random.next_u32() as u8;
        }
        for record in record::records(&file).unwrap_or_default() {
            record::article(record);
            record::key(record);
            record::total(record);
        }
        record::article(&file);
        for value in [BarcodeValue::Amount, BarcodeValue::Sum] {
            // Nothing of ours is longer than what it is written from.
            assert!(record::barcode_file_instead(&file, value).is_none_or(|instead| instead.len() == layout.len()));
            record::simple_mode_file_instead(&file, 22, value);
        }
        true
    });
}

#[test]
fn mertech_files_survive_any_bytes() {
    use mertech::products;
    let files = [products::file(&[article(), ScaleItem { text: String::new(), ..article() }]), b"{}".to_vec()];
    let mut random = TestRng::from_seed(RngAlgorithm::XorShift, &[6; 16]);
    let mut good = 0;
    for _ in 0..INPUTS {
        good += u32::from(products::articles(&input(&mut random, &files)).is_some());
    }
    assert!(good > INPUTS / 20, "good files are found among the bad ones: {good}");
    assert_eq!(products::articles(b"{}"), Some(Vec::new()));
}

#[test]
fn cas_cl5000_survives_any_bytes() {
    use cas_cl5000::codec::{DATA_BYTES_MAX, Item, decoder, encode};
    use cas_cl5000::record;
    let mut data = Vec::new();
    record::put_article(&article(), &mut data);
    let frames: Vec<Vec<u8>> = [([b'W', b'L'], data), (*b"GL", vec![1, 2, 3, 4]), (*b"NL", vec![1, 2, 3, 4, 98])]
        .iter()
        .map(|(operation, data)| {
            let mut frame = Vec::new();
            encode(*operation, 1, data, &mut frame);
            frame
        })
        .collect();
    fuzz(5, decoder(), &frames, |item| {
        let Item::Frame { data, .. } = item else { return false };
        assert!(data.len() <= DATA_BYTES_MAX);
        record::article(&data);
        true
    });
}
