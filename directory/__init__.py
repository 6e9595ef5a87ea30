"""The service directory: who helps, where, when, and how surely we know. Imports nothing of `bot`.

Content, all in `seed/`: services, needs, topics, places, popular place names, the national lines
(`emergency.yaml`) and what stands in for a service without a contact (`substitutes.yaml`).

From files to answers:

- `seeds` reads the files, `rows` makes facts of the services, `seeding.load` brings the tables
  (`models`, named after HSDS 3.0, filled by `writing`) to them without overwriting what people
  corrected;
- `reading.read` turns the tables into `listing.Listing`s, which know what may be shown;
- `search.Directory` is the index in memory: `search` finds what answers one of the `needs`, with
  `shelves` (kind, topics, region, `nearness`) to look in and `weighing` to put in order; `named`
  finds a service by its name, for staff;
- `schedules` says what is open, with Peruvian holidays;
- `places` finds a district by position or by a typed name (`naming`, `spelling`);
- `lines` holds the national lines and stand-ins, without a database;
- `spreadsheet.written` writes CSV and XLSX (`workbook`); `sheet.read` reads what comes back in the
  `columns` people know, `cells` what programs made of it, `comparison` what it would change;
- `api` answers other systems at `/api/hsds/`: what is `asked` of a `publication` of `hsds` records
  and `taxonomies`;
- `checks.problems` proves the content.

From people to tables, by one way in (`editing.propose`, `publish`, `refuse`; `reverting`):

- `fields` reads each field as it is kept, `hours` and `telephone` among them; `soundness` is what
  fields must say together, `scrutiny` whose the service is and who else looks; `newcomers`;
- `proposals` keeps what was proposed and by whom, published ones being the revisions;
- `complaints` counts whether services answered people, and how often they are shown;
- `confirming` asks a service's own staff behind a signed link (`links`); `freshness` says when;
- `publishing` puts fields in force over all tables, in one transaction;
- `imports` takes in the changed rows of a spreadsheet, all or none.

The editor at `/directory` (`web.router`), at a `desk` that the composition root lends: `overview`
lists and filters, `entry` is the page of one service with its `form` (`draft` and `likeness` say
how it would look and what it resembles), `review` the second pair of eyes and the history,
`exchange` the spreadsheets.
"""
