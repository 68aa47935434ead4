package main

import (
	"strings"
)

// wantOnlyIn checks that rows count in one month alone; if the import failed, fewer may count.
func (s *scenario) wantOnlyIn(month string, rows int, r importResult) {
	s.Helper()
	got := s.months()
	for m, n := range got {
		s.expect(m == month, "%d rows count in %s, which is not their month", n, m)
	}
	s.expect(got[month] == rows || r.code != 0, "%d rows count in %s and not %d, and the import succeeds", got[month], month, rows)
}

// wantNotCounted checks that a row was kept aside or its file refused, and that the exit code says so.
func (s *scenario) wantNotCounted(what string, r importResult) {
	s.expect(r.sealed == 0, "%s: %d rows count", what, r.sealed)
	s.expect(r.code != 0 && r.aside+r.refused > 0, "%s: exit code %d, %d rows kept aside and %d refused", what, r.code, r.aside, r.refused)
}

var dateExamples = []example{
	{"hour 24 and a half, in JSON lines", func(s *scenario) {
		r := s.importFiles(s.file("u.jsonl", jsonLines(usageRow("acme", "2026-09-29", "10", "UsageDate=2026-09-29T23:59:59Z"))))
		s.wantAlways("a second before midnight", "12.75 0", s.cost("2026-09")+" "+itoa(r.code))
		s.restart()
		s.wantNotCounted("half past 24", s.importFiles(s.file("u.jsonl", jsonLines(usageRow("acme", "2026-09-29", "10", "UsageDate=2026-09-29T24:30:00Z")))))
	}},
	{"minute 75, in a spreadsheet's dates", func(s *scenario) {
		r := s.importFiles(s.file("u.csv", csvFile(usageRow("deep", "2026-09-29", "10", "UsageDate=9/29/2026 11:15:00 PM"))))
		s.wantAlways("a quarter past eleven", "12.75 0", s.cost("2026-09")+" "+itoa(r.code))
		s.restart()
		s.wantNotCounted("75 minutes past ten", s.importFiles(s.file("u.csv", csvFile(usageRow("deep", "2026-09-29", "10", "UsageDate=9/29/2026 10:75:00 PM")))))
	}},
	{"a time behind the day that is none", func(s *scenario) {
		s.wantNotCounted("29 September, noon-ish", s.importFiles(s.file("u.csv.gz", zipped(csvFile(usageRow("acme", "2026-09-29", "10", "UsageDate=2026-09-29T12h00"))))))
	}},
	{"midnight in Berlin is still August in UTC", func(s *scenario) {
		r := s.importFiles(s.file("u.jsonl", jsonLines(usageRow("acme", "2026-08-31", "10", "UsageDate=2026-09-01T00:00:00+02:00"))))
		s.wantOnlyIn("2026-08", 1, r)
	}},
	{"an evening in New York is October in UTC", func(s *scenario) {
		r := s.importFiles(s.file("u.csv", csvFile(usageRow("acme", "2026-10-01", "10", "UsageDate=2026-09-30T21:00:00-05:00"))))
		s.wantOnlyIn("2026-10", 1, r)
	}},
	{"day before month, and the row's own period is month before day", func(s *scenario) {
		period := []string{"ChargeStartDate=9/1/2026", "ChargeEndDate=9/30/2026"}
		r := s.importFiles(s.file("u.csv", csvFile(usageRow("acme", "2026-09-05", "10", append(period, "UsageDate=9/5/2026")...))))
		s.wantAlways("month before day", "12.75 0", s.cost("2026-09")+" "+itoa(r.code))
		s.restart()
		s.wantOnlyIn("2026-09", 1, s.importFiles(s.file("u.csv", csvFile(usageRow("acme", "2026-09-05", "10", append(period, "UsageDate=5/9/2026")...)))))
	}},
	{"day before month in every column, a chain of two, compressed", func(s *scenario) {
		period := []string{"ChargeStartDate=01/09/2026", "ChargeEndDate=30/09/2026"}
		rows := []record{usageRow("deep", "2026-09-02", "10", append(period, "UsageDate=02/09/2026")...), usageRow("swiss", "2026-09-11", "10", append(period, "UsageDate=11/09/2026")...)}
		s.wantOnlyIn("2026-09", 2, s.importFiles(s.file("u.csv.gz", zipped(csvFile(rows...)))))
	}},
}

func itoa(n int) string { return string(rune('0' + n)) }

// wantRefusedAs checks that a file of another kind is refused, and that the error names the kind.
func (s *scenario) wantRefusedAs(what, pattern string, r importResult) {
	s.expect(r.sealed == 0 && r.code != 0, "%s: exit code %d, %d rows count", what, r.code, r.sealed)
	s.expect(mentions(r.text, pattern), "%s is not named for what it is: %s", what, r.text)
}

var fileExamples = []example{
	{"JSON lines whose last line broke off", func(s *scenario) {
		text := jsonLines(usageRow("acme", "2026-09-01", "10"), usageRow("acme", "2026-09-02", "10"))
		r := s.importFiles(s.file("u.jsonl", strings.TrimSuffix(text, "\n")))
		s.wantAlways("no line end at the end", "25.5 0", s.cost("2026-09")+" "+itoa(r.code))
		s.restart()
		r = s.importFiles(s.file("u.jsonl", text[:len(text)-40]))
		s.expect(r.sealed == 0 && r.code != 0 && r.refused > 0, "it is cut, exit code %d, %d rows count, %d refused", r.code, r.sealed, r.refused)
	}},
	{"a compressed file of nothing", func(s *scenario) {
		r := s.importFiles(s.file("u.csv.gz", zipped("")))
		s.expect(r.code != 0, "exit code 0")
	}},
	{"one of two files is UTF-16, and the month is said to be complete", func(s *scenario) {
		wide := "\xff\xfe"
		for _, c := range csvFile(usageRow("acme", "2026-09-02", "10")) {
			wide += string([]byte{byte(c), 0})
		}
		good := s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10")))
		r := s.importFiles(good, s.file("b.csv", wide), "--complete")
		if r.sealed == 2 && r.code == 0 {
			return // read right
		}
		s.expect(r.code != 0 && r.files > 0, "exit code %d, %d files refused", r.code, r.files)
		_, succeeded := s.issue("2026-09")
		s.expect(!succeeded, "the month is issued as if it were complete")
		b := s.bill(good+","+s.file("b.csv", wide), "")
		s.expect(b.code != 0, "bill succeeds")
	}},
	{"a spreadsheet's file with semicolons and decimal commas", func(s *scenario) {
		comma := strings.NewReplacer(",", ";", ".", ",").Replace(csvFile(usageRow("acme", "2026-09-01", "10", "ResourceURI=x", "ChargeEndDate=2026-09-30")))
		r := s.importFiles(s.file("u.csv", comma))
		if r.code == 0 && r.sealed == 1 {
			s.wantEqual("cost", "12.75", s.cost("2026-09"))
			return
		}
		s.expect(r.code != 0 && r.sealed == 0, "exit code %d, %d rows count", r.code, r.sealed)
		s.expect(r.refused+r.aside > 0 || mentions(r.text, `u\.csv`), "neither counted nor named")
	}},
	{"a page of the API that goes on, compressed", func(s *scenario) {
		list := objects(usageRow("acme", "2026-09-01", "10"), usageRow("deep", "2026-09-02", "20"))
		page := `{"totalCount":4,"items":[` + strings.Join(list, ",") + `],"links":{"next":{"uri":"/invoices/x?skip=2"}},"attributes":{"objectType":"Collection"}}`
		r := s.importFiles(s.file("u.json.gz", zipped(page)))
		if r.sealed == 2 {
			s.wantEqual("cost", "38.25", s.cost("2026-09"))
			s.expect(r.code != 0 || mentions(r.text, "page|totalCount|next|4"), "two of four items are taken for all: %s", r.text)
			return
		}
		s.expect(r.code != 0 && r.aside == 0 && mentions(r.text, `\bitems\b|\bpage\b`), "exit code %d: %s", r.code, r.text)
	}},
	{"a usage report of another cloud", func(s *scenario) {
		r := s.importFiles(s.file("a.csv", "identity/LineItemId,bill/PayerAccountId,lineItem/UsageStartDate,lineItem/UnblendedCost\nx,123456789012,2026-09-01T00:00:00Z,1.25\n"))
		s.wantRefusedAs("an AWS cost and usage report", "AWS|CUR", r)
	}},
	{"a cost report of Oracle's cloud", func(s *scenario) {
		r := s.importFiles(s.file("o.csv.gz", zipped("lineItem/referenceNo,lineItem/tenantId,lineItem/intervalUsageStart,product/service,cost/myCost,cost/currencyCode\nr,ocid1.tenancy,2026-09-01T00:00Z,COMPUTE,1.5,EUR\n")))
		s.wantRefusedAs("an OCI cost report", "OCI|Oracle", r)
	}},
	{"FOCUS with other columns, as JSON lines", func(s *scenario) {
		r := s.importFiles(s.file("f.jsonl", `{"BilledCost":1.5,"BillingCurrency":"EUR","ChargePeriodStart":"2026-09-01T00:00:00Z","ChargePeriodEnd":"2026-09-02T00:00:00Z","EffectiveCost":1.5,"ListCost":2,"ServiceCategory":"Compute","SubAccountId":"x"}`+"\n"))
		s.wantRefusedAs("FOCUS", "FOCUS", r)
	}},
	{"identical rows, one in CSV and one in JSON lines of one command", func(s *scenario) {
		row := usageRow("acme", "2026-09-01", "10")
		s.importFiles(s.file("one.csv", csvFile(row, row)), "--complete")
		one := s.cost("2026-09")
		s.restart()
		r := s.importFiles(s.file("a.csv", csvFile(row, usageRow("acme", "2026-09-02", "1"))), s.file("b.jsonl", jsonLines(row, usageRow("acme", "2026-09-03", "1"))), "--complete")
		two := s.cost("2026-09")
		s.expect(r.code != 0 || one == "25.5" && two == "28.05" || mentions(string(r.out), `"verdict": ?"(warned|refused|quarantined)"`), "in one file %s, in two with 2.55 more %s, and no warning", one, two)
	}},
	{"the statement says that a row in two parts is two rows", func(s *scenario) {
		row := usageRow("deep", "2026-09-01", "10")
		r := s.importFiles(s.file("a.csv", csvFile(row, usageRow("deep", "2026-09-02", "10"))), s.file("b.csv", csvFile(row)), s.file("l.csv", csvFile(statementLine("deep", "30", "38.25"))), "--complete")
		s.expect(s.cost("2026-09") == "38.25" || r.code != 0, "the statement bills 38.25 and %s count, with exit code 0", s.cost("2026-09"))
	}},
	{"the whole download twice, once compressed as JSON lines", func(s *scenario) {
		rows := []record{usageRow("acme", "2026-09-01", "10"), usageRow("deep", "2026-09-02", "20")}
		r := s.importFiles(s.file("a.csv", csvFile(rows...)), s.file("a.jsonl.gz", zipped(jsonLines(rows...))), "--complete")
		s.expect(s.cost("2026-09") == "38.25", "cost %s: %s", s.cost("2026-09"), r.text)
	}},
	{"a row whose exchange rate is 0, or below", func(s *scenario) {
		r := s.importFiles(s.file("u.csv", csvFile(usageRow("acme", "2026-09-01", "10"))))
		s.wantAlways("a rate of 0.85", "12.75 0", s.cost("2026-09")+" "+itoa(r.code))
		s.restart()
		s.wantNotCounted("rate 0", s.importFiles(s.file("u.csv", csvFile(usageRow("acme", "2026-09-01", "10", "PCToBCExchangeRate=0")))))
		s.wantNotCounted("a rate below 0", s.importFiles(s.file("u.jsonl", jsonLines(usageRow("deep", "2026-09-01", "10", "PCToBCExchangeRate=-0.85")))))
	}},
}
