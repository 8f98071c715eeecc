use std::{fs, path::Path};

use store::ErrorKind;

use super::{Flights, Report, most_delayed};

const HEADER: &str = "minute,time_hour,origin,carrier,tailnum,dep_time,dep_delay,distance\n";
const FIRST: &str = "5,2013-01-01T10:00:00Z,EWR,UA,N1,1005,0,100\n";

async fn flights() -> Flights {
    let database = store::connect("memory:").await.unwrap();
    Flights::open(&database, 1).await.unwrap()
}

async fn process(flights: &Flights, path: &Path) -> Result<u64, String> {
    flights.process(path, |_, _| {}).await.map_err(|error| format!("{error:#}"))
}

async fn error(flights: &Flights, path: &Path) -> String {
    process(flights, path).await.unwrap_err()
}

#[tokio::test]
async fn sessions_end_after_a_gap_of_more_than_six_hours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    let row = |tailnum, time: &str| {
        let (hour, minute) = time.split_once(':').unwrap();
        format!("{minute},2013-01-01T{hour}:00:00Z,EWR,UA,{tailnum},NA,NA,10\n")
    };
    // Six hours for N1, one minute more for N2; a third flight, later in the file, closes the gap of N2 only.
    let times =
        [("N1", "00:30"), ("N1", "06:30"), ("N2", "12:31"), ("N2", "06:30"), ("N2", "00:29")];
    let rows: String = times.map(|(tailnum, time)| row(tailnum, time)).concat();
    let rows = HEADER.to_owned() + &rows + &row("NA", "06:30");
    fs::write(&path, &rows).unwrap();
    let flights = flights().await;
    assert_eq!(process(&flights, &path).await.unwrap(), 6);
    let session = |tailnum, from, to, n| {
        format!("{tailnum}\t2013-01-01T{from}:00Z\t2013-01-01T{to}:00Z\t{n}\t{}\n", n * 10)
    };
    let mut expected = [
        session("N1", "00:30", "06:30", 2),
        session("N2", "00:29", "00:29", 1),
        session("N2", "06:30", "06:30", 1),
        session("N2", "12:31", "12:31", 1),
    ];
    assert_eq!(flights.report(&Report::Duty).await.unwrap(), expected.concat());
    fs::write(&path, rows + &row("N2", "12:30")).unwrap();
    assert_eq!(process(&flights, &path).await.unwrap(), 1);
    expected[2] = session("N2", "06:30", "12:31", 3);
    assert_eq!(flights.report(&Report::Duty).await.unwrap(), expected[..3].concat());
}

#[tokio::test]
async fn a_file_is_gone_on_with_only_where_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    let write = |rows: &str| fs::write(&path, HEADER.to_owned() + rows).unwrap();
    let flights = flights().await;
    write(FIRST);
    assert_eq!(process(&flights, &path).await, Ok(1));
    assert_eq!(process(&flights, &path).await, Ok(0));
    write("");
    assert!(error(&flights, &path).await.contains("were processed before"));
    write(&(FIRST.replace("100\n", "101\n") + FIRST));
    assert!(error(&flights, &path).await.contains("another file"));
    // A last row without its end may be continued by its end only.
    let rows = FIRST.repeat(2);
    write(rows.trim_end());
    assert_eq!(process(&flights, &path).await, Ok(1));
    write(&(rows.trim_end().to_owned() + "0\n"));
    assert!(error(&flights, &path).await.contains("goes on in a row"));
    write(&FIRST.repeat(3));
    assert_eq!(process(&flights, &path).await, Ok(1));
    let hourly = flights.report(&Report::Hourly).await.unwrap();
    assert_eq!(hourly, "EWR\t2013-01-01T10:00:00Z\t3\t0\t0\n");
    assert!(error(&flights, &folder.path().join("none")).await.contains("cannot find"));
}

#[tokio::test]
async fn lines_may_end_as_on_windows_and_be_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    let (header, first) = (HEADER.replace('\n', "\r\n"), FIRST.replace('\n', "\r\n"));
    let flights = flights().await;
    for rows in 1..4 {
        fs::write(&path, header.clone() + &first.repeat(rows) + "\r\n").unwrap();
        assert_eq!(process(&flights, &path).await, Ok(u64::from(rows == 1)));
        fs::write(&path, header.clone() + &first.repeat(rows + 1)).unwrap();
        assert_eq!(process(&flights, &path).await, Ok(1));
    }
}

#[tokio::test]
async fn a_bad_row_is_named_by_line_and_column_without_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    let cases = [
        ("column minute", FIRST.replace("5,2013", "secret,2013")),
        ("column minute", FIRST.replace("5,2013", "60,2013")),
        ("column time_hour", FIRST.replace("2013-01-01T10:00:00Z", "secret")),
        ("column time_hour", FIRST.replace("2013", "1913")),
        ("column origin", FIRST.replace("EWR", "")),
        ("column carrier", FIRST.replace("UA", "NA")),
        ("column dep_delay", FIRST.replace(",0,100", ",NA,100")),
        ("column distance", FIRST.replace("100\n", "-1\n")),
        ("7 columns, but the header has 8", FIRST.replace(",100\n", "\n")),
        ("9 columns, but the header has 8", FIRST.replace("100\n", "100,secret\n")),
    ];
    for (named, bad) in cases {
        let flights = flights().await;
        fs::write(&path, HEADER.to_owned() + FIRST + "\n" + &bad + FIRST).unwrap();
        for _ in 0..2 {
            // The first row stays; the second try begins behind it and still knows the line.
            let said = error(&flights, &path).await;
            assert!(said.contains("line 4 of") && said.contains(named), "{bad}: {said}");
            assert!(!said.contains("secret"), "{said}");
            assert_eq!(flights.report(&Report::Hourly).await.unwrap().lines().count(), 1);
        }
        fs::write(&path, HEADER.to_owned() + FIRST + "\n" + FIRST + FIRST).unwrap();
        assert_eq!(process(&flights, &path).await, Ok(2), "{named}");
    }
    let flights = flights().await;
    fs::write(
        &path,
        [HEADER.as_bytes(), b"5,2013-01-01T10:00:00Z,\xff,UA,N1,1005,0,100\n"].concat(),
    )
    .unwrap();
    assert!(error(&flights, &path).await.contains("line 2 of"));
    assert!(error(&flights, &path).await.contains("column origin: not UTF-8"));
    fs::write(&path, HEADER.replace("tailnum", "tail")).unwrap();
    assert!(error(&flights, &path).await.contains("no column tailnum"));
}

#[tokio::test]
async fn the_most_delayed_carriers_are_found_while_flights_are_processed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    let row = |carrier: &str, delay: i32| {
        format!("5,2013-01-01T10:00:00Z,EWR,{carrier},N1,1005,{delay},100\n")
    };
    let delays = [("UA", 3), ("HA", 90), ("EV", 10), ("UA", 4), ("EV", 31), ("AA", -2), ("AA", 1)];
    let rows: String = delays.iter().map(|(carrier, delay)| row(carrier, *delay)).collect();
    fs::write(&path, HEADER.to_owned() + &rows).unwrap();
    let database = store::connect("memory:").await.unwrap();
    let flights = Flights::open(&database, 100).await.unwrap();
    assert_eq!(process(&flights, &path).await, Ok(7));
    let most = async |departed, top| most_delayed(&database, departed, top).await.unwrap();
    assert_eq!(most(2, 2).await, (1, "EV\t2\t20.5\nUA\t2\t3.5\n".to_owned()));
    assert!(most(1, 1).await.1.starts_with("HA\t1\t90.0"));
    fs::write(&path, HEADER.to_owned() + &rows + &row("UA", 200)).unwrap();
    assert_eq!(process(&flights, &path).await, Ok(1));
    assert_eq!(most(2, 1).await, (2, "UA\t3\t69.0\n".to_owned()));
}

#[tokio::test]
async fn a_database_without_search_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flights.csv");
    fs::write(&path, HEADER.to_owned() + FIRST).unwrap();
    let state = format!("embedded:{}", folder.path().join("state").display());
    let database = store::connect(&state).await.unwrap();
    let flights = Flights::open(&database, 1).await.unwrap();
    assert_eq!(process(&flights, &path).await, Ok(1));
    let told = most_delayed(&database, 1, 1).await.unwrap_err();
    let told = told.downcast::<store::Error>().unwrap();
    assert_eq!(told.kind(), ErrorKind::Unsupported);
    assert!(told.to_string().contains("embedded has no search"), "{told}");
}
