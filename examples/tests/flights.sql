-- The reports of the example `flights`, calculated by SQLite alone, for the tests to compare with.
--
-- Needs the file as a table `file`, all text:
--   sqlite3 -cmd '.import --csv examples/data/flights-excerpt.csv file' :memory: \
--     '.read examples/tests/flights.sql' '.mode tabs' 'select * from hourly'

create table flight as
select
    rowid as line,
    origin,
    carrier,
    nullif(tailnum, 'NA') as tailnum,
    dep_time <> 'NA' as departed,
    case when dep_time <> 'NA' then cast(dep_delay as integer) else 0 end as delay,
    cast(distance as integer) as distance,
    cast(strftime('%s', time_hour) as integer) + 60 * cast(minute as integer) as time
from file;

-- Tumbling windows of an hour per origin.
create table hourly as
select
    origin,
    strftime('%Y-%m-%dT%H:%M:%SZ', time / 3600 * 3600, 'unixepoch') as start,
    sum(departed) as departed,
    sum(not departed) as cancelled,
    sum(delay) as delay
from flight
group by origin, time / 3600
order by origin, time / 3600;

-- Sessions per tail number. Merging records as they come, gap included, ends in the same sessions as sorting them by
-- time and cutting where more than the gap lies between neighbours.
create table duty as
with
    step as (
        select *, coalesce(time - lag(time) over (partition by tailnum order by time, line) > 6 * 3600, 0) as cut
        from flight
        where tailnum is not null
    ),
    numbered as (
        select *, sum(cut) over (partition by tailnum order by time, line rows unbounded preceding) as session
        from step
    )
select
    tailnum,
    strftime('%Y-%m-%dT%H:%M:%SZ', min(time), 'unixepoch') as start,
    strftime('%Y-%m-%dT%H:%M:%SZ', max(time), 'unixepoch') as end,
    count(*) as flights,
    sum(distance) as distance
from numbered
group by tailnum, session
order by tailnum, session;

-- The last known delay per carrier; of flights at the same time the last of the file. Times in seconds.
create table version as
with
    ranked as (
        select *, row_number() over (partition by carrier, time order by line desc) as rank
        from flight
        where departed
    )
select carrier, delay, time as since, lead(time) over (partition by carrier order by time) as until
from ranked
where rank = 1;

create index version_by_time on version (carrier, since);

-- Filled in by whoever asks.
create table question (number integer primary key, carrier text, at integer);

create view as_of as
select
    question.carrier,
    delay,
    strftime('%Y-%m-%dT%H:%M:%SZ', since, 'unixepoch') as since,
    strftime('%Y-%m-%dT%H:%M:%SZ', until, 'unixepoch') as until
from question
left join version on version.carrier = question.carrier and since <= at and (until is null or at < until)
order by number;
