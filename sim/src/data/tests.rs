//! Tests of the readers, on files that each test writes, and on the real ones where they are.

use std::io::Write;
use std::path::{Path, PathBuf};

use dcx_model::{Code, Nanos, Price, Qty, UnixNanos};
use tempfile::TempDir;

use super::*;

fn px(text: &str) -> Price {
    text.parse().unwrap()
}

fn moment(text: &str) -> UnixNanos {
    parse_rfc3339(text).unwrap()
}

fn write_zip(path: &Path, members: &[(&str, &str)]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, text) in members {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(*name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn write_gz(path: &Path, parts: &[&str]) {
    let mut bytes = Vec::new();
    for part in parts {
        let mut gz = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::fast());
        gz.write_all(part.as_bytes()).unwrap();
        gz.finish().unwrap();
    }
    std::fs::write(path, bytes).unwrap();
}

fn read(path: &Path) -> Result<Vec<TapeQuote>, DataError> {
    open(path, &DataOptions::default())?.collect()
}

/// A folder `eurusd-fxcm` with two days: locked, crossed, reversed and fractional rows.
fn fxcm(dir: &TempDir) -> PathBuf {
    let folder = dir.path().join("eurusd-fxcm");
    let second = [("b.csv", "0,1.39,1.3902\r\n")];
    write_zip(&folder.join("20140502_quote.zip"), &second);
    let rows = "1787,1.38727,1.38729\r\n2000.0005,1.5,1.5\r\n1999,1.38731,1.38727\r\n\r\n";
    write_zip(&folder.join("20140501_quote.zip"), &[("a.csv", rows)]);
    std::fs::write(folder.join("README.md"), "not data").unwrap();
    folder
}

#[test]
fn a_folder_is_read_in_day_order_on_the_clock_of_its_name() {
    let dir = TempDir::new().unwrap();
    let quotes = read(&fxcm(&dir)).unwrap();
    assert_eq!(quotes.len(), 4);
    assert_eq!(quotes[0].at, moment("2014-05-01T05:00:01.787Z"));
    assert_eq!(quotes[1].at, moment("2014-05-01T05:00:02.0000005Z"));
    assert_eq!(quotes[3].at, moment("2014-05-02T05:00:00Z"));
    assert!(quotes[1].locked && !quotes[1].crossed && !quotes[1].reversed);
    assert_eq!(quotes[2].bid, px("1.38727"));
    assert_eq!(quotes[2].ask, px("1.38731"));
    assert!(quotes[2].crossed && quotes[2].reversed && !quotes[2].locked);
    assert_eq!(quotes[2].recorded().bid, px("1.38731"));
}

#[test]
fn a_folder_of_unknown_clock_is_refused_until_the_option_names_it() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("bank");
    write_zip(&folder.join("20140501.zip"), &[("a.csv", "0,1,2\n")]);
    let error = open(&folder, &DataOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::D004);
    let options = DataOptions {
        tz: vec!["bank=+02:00".parse().unwrap()],
        ..DataOptions::default()
    };
    let mut tape = open(&folder, &options).unwrap();
    let first = tape.next().unwrap().unwrap();
    assert_eq!(first.at, moment("2014-04-30T22:00:00Z"));
}

#[test]
fn a_bad_row_is_told_with_file_line_and_column_and_ends_the_tape() {
    let dir = TempDir::new().unwrap();
    for (row, place, what) in [
        ("5,1.1,1.2x", "2:7", "ask \"1.2x\""),
        ("5,1.1", "2:1", "2 fields, expected 3"),
        ("5,-1.1,1.2", "2:3", "bid -1.1 is not above zero"),
        ("86400000,1.1,1.2", "2:1", "not within a day"),
        ("-5,1.1,1.2", "2:1", "negative"),
        ("5,1.1,99999999999999", "2:7", "out of range"),
    ] {
        let path = dir.path().join("oanda").join("20140501.csv");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("1,1.1,1.2\n{row}\n7,1.1,1.2\n")).unwrap();
        let mut tape = open(&path, &DataOptions::default()).unwrap();
        assert!(tape.next().unwrap().is_ok());
        let error = tape.next().unwrap().unwrap_err();
        let text = error.to_string();
        let expected = format!("20140501.csv:{place}: ");
        assert!(text.contains(&expected) && text.contains(what), "{text}");
        assert_eq!(error.code(), Code::D006);
        assert!(!error.remedy().is_empty());
        assert!(tape.next().is_none(), "an error ends the tape");
    }
}

#[test]
fn an_archive_that_is_not_as_expected_is_refused() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("oanda");
    let path = folder.join("20140501.zip");
    write_zip(&path, &[("a.csv", "0,1,2\n"), ("b.csv", "0,1,2\n")]);
    assert_eq!(read(&path).unwrap_err().code(), Code::D003);
    std::fs::write(&path, b"PK\x03\x04 torn").unwrap();
    assert_eq!(read(&path).unwrap_err().code(), Code::D002);
    std::fs::rename(&path, folder.join("quotes.zip")).unwrap();
    assert_eq!(
        read(&folder.join("quotes.zip")).unwrap_err().code(),
        Code::D005
    );
    assert_eq!(read(&folder).unwrap_err().code(), Code::D001);
    assert_eq!(
        read(&dir.path().join("gone")).unwrap_err().code(),
        Code::D001
    );
    write_zip(&path, &[("a.csv", "0,1,2\n")]);
    write_zip(&folder.join("20140501_b.zip"), &[("a.csv", "0,1,2\n")]);
    let error = read(&folder).unwrap_err();
    assert!(
        error.to_string().contains("a second file of the day"),
        "{error}"
    );
}

#[test]
fn what_unpacks_to_more_than_the_limit_is_refused() {
    let dir = TempDir::new().unwrap();
    let options = DataOptions {
        unpacked_bytes_max: 100_000,
        ..DataOptions::default()
    };
    let zip = dir.path().join("oanda").join("20140501.zip");
    let zeros = "0".repeat(1_000_000);
    write_zip(&zip, &[("a.csv", &zeros)]);
    assert_eq!(open(&zip, &options).unwrap_err().code(), Code::D007);
    let gz = dir.path().join("a.gz");
    write_gz(&gz, &[&zeros]);
    assert_eq!(open(&gz, &options).unwrap_err().code(), Code::D007);
}

const SPOT: &str = r#"1723161254036059768 {"stream":"btcusdt@depth@100ms","data":{"b":[["1","2"]]}}
1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":5,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}
"#;
const PERP: &str = r#"1723161255319702566 {"lastUpdateId":51,"bids":[["1.0","2"]]}
1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256314}}
1723161255088176367 {"stream":"btcusdt@trade","data":{"e":"trade","p":"1"}}
"#;

#[test]
fn binance_lines_are_stamped_by_the_exchange_where_it_says_when() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("perp.gz");
    write_gz(&path, &[PERP, PERP]);
    let mut tape = open(&path, &DataOptions::default()).unwrap();
    let quote = tape.next().unwrap().unwrap();
    assert_eq!(tape.stamps(), Stamps::Exchange);
    assert_eq!(quote.at, UnixNanos::new(1_723_161_256_313_000_000));
    assert_eq!(
        (quote.bid, quote.bid_qty),
        (px("61800.2"), "2.507".parse().unwrap())
    );
    assert_eq!(tape.by_ref().filter(Result::is_ok).count(), 1);
    let counts = tape.counts();
    assert_eq!((counts.quotes, counts.skipped, counts.others), (2, 2, 2));
}

#[test]
fn binance_files_read_together_share_one_clock() {
    let dir = TempDir::new().unwrap();
    let (spot, perp) = (dir.path().join("spot.gz"), dir.path().join("perp.gz"));
    write_gz(&spot, &[SPOT]);
    write_gz(&perp, &[PERP]);
    let alone = inspect(&spot, &DataOptions::default()).unwrap();
    assert_eq!(alone.stamps, Stamps::LocalReceive);
    let tapes = open_all(&[&perp, &spot], &DataOptions::default()).unwrap();
    assert!(
        tapes
            .iter()
            .all(|tape| tape.stamps() == Stamps::LocalReceive)
    );
    let quotes: Vec<SourceQuote> = merge(tapes).collect::<Result<_, _>>().unwrap();
    assert_eq!(quotes[0].source, 1, "spot was received first");
    assert_eq!(
        quotes[1].quote.at,
        UnixNanos::new(1_723_161_255_088_169_167)
    );
}

#[test]
fn binance_lines_that_are_damaged_are_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.gz");
    for text in [
        "no number {}\n",
        "1723161254036059768\n",
        "1723161254036059768 {\"stream\":\n",
        "1 {\"stream\":\"x@bookTicker\",\"data\":{\"b\":\"1\",\"B\":\"1\",\"a\":\"q\",\"A\":\"1\"}}\n",
    ] {
        write_gz(&path, &[text]);
        assert_eq!(read(&path).unwrap_err().code(), Code::D006, "{text}");
    }
    std::fs::write(&path, b"\x1f\x8b torn").unwrap();
    assert_eq!(read(&path).unwrap_err().code(), Code::D002);
}

#[test]
fn csv_is_read_in_both_clocks_and_refused_without_its_header() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("a.csv");
    let text = "\u{feff}rfc3339, bid, ask, bid_qty, ask_qty\n2014-05-02T07:30:00-05:00,1,1.5,3,4\n";
    std::fs::write(&path, text).unwrap();
    let quotes = read(&path).unwrap();
    assert_eq!(quotes[0].at, moment("2014-05-02T12:30:00Z"));
    assert_eq!(
        (quotes[0].bid_qty, quotes[0].ask_qty),
        (Qty::whole(3), Qty::whole(4))
    );
    std::fs::write(&path, "unix_ns,bid,ask\n12,1,1.5\n+3,1,1.5\n").unwrap();
    let error = read(&path).unwrap_err();
    assert!(error.to_string().contains("a.csv:3:1: unix_ns"), "{error}");
    std::fs::write(&path, "time;bid;ask\n").unwrap();
    assert_eq!(read(&path).unwrap_err().code(), Code::D003);
}

#[test]
fn tapes_are_joined_on_utc_instants() {
    let dir = TempDir::new().unwrap();
    let fxcm = fxcm(&dir);
    let oanda = dir.path().join("eurusd-oanda");
    let rows = "0,1.38,1.39\n18002000,1.38,1.39\n";
    write_zip(&oanda.join("20140501_quote.zip"), &[("a.csv", rows)]);
    let paths = [&oanda, &fxcm];
    let start = common_start(&paths, &DataOptions::default()).unwrap();
    assert_eq!(start, Some(moment("2014-05-01T05:00:01.787Z")));
    let merged = merge(open_all(&paths, &DataOptions::default()).unwrap());
    let sources: Vec<usize> = merged.map(|quote| quote.unwrap().source).collect();
    assert_eq!(sources, [0, 1, 0, 1, 1, 1]);
}

#[test]
fn an_inspection_counts_and_an_import_reads_back_the_same() {
    let dir = TempDir::new().unwrap();
    let folder = fxcm(&dir);
    let options = DataOptions::default();
    let summary = inspect(&folder, &options).unwrap();
    assert_eq!(
        (
            summary.rows,
            summary.crossed,
            summary.locked,
            summary.reversed,
            summary.gaps
        ),
        (4, 1, 1, 1, 1)
    );
    assert_eq!(
        (summary.spread_min, summary.spread_max),
        (px("0"), px("0.0002"))
    );
    assert_eq!(summary.files, 2);
    assert!(summary.gap_longest > Nanos::from_seconds(86_000));
    let out = dir.path().join("out.csv");
    assert_eq!(import(&folder, &out, &options).unwrap(), 4);
    assert_eq!(read(&out).unwrap(), read(&folder).unwrap());
    assert_eq!(
        import(&folder, &out, &options).unwrap_err().code(),
        Code::D009
    );
}

#[test]
fn an_import_of_damaged_data_leaves_nothing_behind() {
    let dir = TempDir::new().unwrap();
    let (path, out) = (dir.path().join("a.csv"), dir.path().join("out.csv"));
    std::fs::write(&path, "unix_ns,bid,ask\n1,1,2\nrubbish\n").unwrap();
    assert!(import(&path, &out, &DataOptions::default()).is_err());
    assert!(!out.exists());
}

/// The recorded data beside the project, or `None` with the reason printed.
fn real(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED 1: no recorded data at {}", path.display());
    None
}

#[test]
fn the_recorded_day_of_fxcm_has_the_counts_that_were_published_with_it() {
    let Some(path) = real("eurusd-fxcm/20140501_quote.zip") else {
        return;
    };
    let summary = inspect(&path, &DataOptions::default()).unwrap();
    assert_eq!(
        (summary.rows, summary.crossed, summary.locked),
        (51_053, 3_991, 5_409)
    );
    assert_eq!(summary.first, moment("2014-05-01T05:00:01.787Z"));
}

#[test]
fn the_recorded_binance_files_are_read_whole() {
    let Some(path) = real("binance/btcusdt_usdm_20240808.gz") else {
        return;
    };
    let summary = inspect(&path, &DataOptions::default()).unwrap();
    assert_eq!((summary.rows, summary.skipped), (66_089, 1));
    assert_eq!((summary.others, summary.stamps), (27_864, Stamps::Exchange));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>, kind in 0..4_usize) {
        let dir = TempDir::new().unwrap();
        let folder = dir.path().join("oanda");
        std::fs::create_dir_all(&folder).unwrap();
        let name = ["20140501.csv", "20140501.zip", "a.gz", "a.csv"][kind];
        let path = folder.join(name);
        let mut text = if kind == 3 { b"unix_ns,bid,ask\n".to_vec() } else { Vec::new() };
        text.extend_from_slice(&bytes);
        std::fs::write(&path, text).unwrap();
        let _ = read(&path);
    }
}
