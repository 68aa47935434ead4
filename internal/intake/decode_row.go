package intake

import (
	"bytes"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/intake/plausible"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// worker turns the rows of blocks into facts. Each has its own caches; dictionaries and slots are the load's.
type worker struct {
	load     *loading
	file     *sourceFile
	reading  int // version of the rules by which the file is read
	canon    *star.CanonicalForm
	block    *usage.Block
	repeats  *repeats // of the block being read
	known    recent
	cells    map[string]*star.EntitlementCells // by what rows print
	allCells []*star.EntitlementCells
	slots    map[string]*slotBatches // by what rows print
	variants map[string]*variantInfo
	buf      []byte
	seenRows []seenRow // of rows of the block that were not looked up yet
	dayText  []byte
	dayIs    period.Date
	order    plausible.DayOrder // in which the file writes days and months
	bad      *usage.Problem
	lines    map[int64]*aside.Item // lines that are looked for, kept aside before
	waiver   *waiver               // of the row being read, when it is taken as printed
}

func newWorker(l *loading, f *sourceFile) *worker {
	return &worker{
		lines: l.linesWanted(f), load: l, file: f, reading: f.ReadBy(), canon: star.CanonicalFormOf(f.ReadBy()), block: l.empty(), known: newRecent(), cells: map[string]*star.EntitlementCells{}, slots: map[string]*slotBatches{}, variants: map[string]*variantInfo{},
	}
}

// common is what rows with the same shared text need: its numbers, its slot and its entitlement.
type common struct {
	entry, tags star.Item
	variants    [signs]*variantInfo
	from, to    period.Date // the charge period that the rows print, both days in it; 0 where they do not
	warnings    []rowWarning
	slot        *slotBatches
	cells       *star.EntitlementCells
	wanted      []*aside.Item // rows of the entry that were kept aside before
	lengths     []int32       // of the runs of the first row
	place       uint32        // in the archive, whose it is
}

// sameRuns says whether runs are those of the first row: the same text, cut in the same way.
func (c *common) sameRuns(runs []Run) bool {
	if len(runs) == 0 || len(runs) != len(c.lengths) {
		return false
	}
	for i, run := range runs {
		if run.To-run.From != c.lengths[i] {
			return false
		}
	}
	return true
}

// slotBatches is a slot but for its period, and the batches of the periods seen.
type slotBatches struct {
	slot    usage.Slot
	months  []period.Month
	batches []uint32
}

// variantInfo is a variant's number and, roughly, what one unit costs with it in billing currency, and what truncation
// may lose of an amount.
type variantInfo struct {
	star.Item
	factor, lost plausible.Rough
	known        bool
	negative     bool // its unit price is
}

// row takes one row into the block, or keeps it aside and says why.
func (w *worker) row(r *Row) error {
	w.bad = nil
	f := usage.Fact{File: w.file.number, Line: uint32(r.Line)}
	f.Day = w.day(r)
	var wide []usage.WideValue
	f.Quantity = w.number(r, usage.Quantity, false, &wide)
	f.Cost = w.number(r, usage.BillingPreTaxTotal, false, &wide)
	f.Pricing = w.number(r, usage.PricingPreTaxTotal, false, &wide)
	f.EffectiveUnitPrice = w.number(r, usage.EffectiveUnitPrice, true, &wide)
	if w.bad != nil {
		return w.quarantine(r)
	}
	s := signsOf(w.reading, &f, wide)
	c := w.known.find(r.Shared)
	if w.waiver != nil { // what is passed over for this row is not for the others
		c = nil
	}
	if c == nil || c.variants[s] == nil {
		if c = w.learn(r, c, s); c == nil {
			return w.quarantine(r)
		}
	}
	if (f.Day < c.from || f.Day > c.to && c.to != 0) && w.outside(r, c, f.Day) {
		return w.quarantine(r)
	}
	v := c.variants[s]
	f.Entry, f.Variant, f.TagSet = c.entry.Number, v.Number, c.tags.Number
	batch, err := w.batch(c.slot, f.Day)
	if err != nil {
		return err
	}
	f.Batch = batch
	w.count(&f, c, v, wide)
	if (c.wanted != nil || w.lines != nil) && w.waiver == nil {
		w.found(r, &f, c)
	}
	if c.sameRuns(r.Runs) {
		w.repeats.add(c, r.Runs)
	}
	w.block.Facts = append(w.block.Facts, f)
	for i := range wide {
		wide[i].Fact = f
		w.block.Wide = append(w.block.Wide, wide[i])
	}
	return nil
}

// learn finds out what is common to the rows that share their text with this one; c is what is known of it. It is nil
// when the row is to be kept aside.
func (w *worker) learn(r *Row, c *common, s sign) *common {
	if r.Whole != nil && r.Shared != nil {
		r.Whole()
	}
	w.price(r, usage.UnitPrice)
	w.price(r, usage.ExchangeRate)
	if w.reading >= 2 {
		w.possible(r, s)
	}
	if w.bad == nil && len(bytes.TrimSpace(r.Values[usage.EntitlementID])) == 0 {
		w.reject(r, usage.EntitlementID, "no_entitlement", "the row names no Azure subscription")
	}
	if w.bad != nil {
		return nil
	}
	if c == nil {
		c = &common{entry: w.entry(r)}
		currency, err := money.ParseCurrency(string(r.Values[usage.BillingCurrency]))
		if err != nil {
			w.reject(r, usage.BillingCurrency, "unknown_currency", "not an ISO 4217 currency code")
			return nil
		}
		if w.reading >= 2 && !w.charged(r, c) {
			return nil
		}
		c.slot, c.cells, c.tags, c.warnings = w.slotOf(r, currency), w.cellsOf(r), w.tags(r), rowWarningsOf(r)
		if w.load.wanted != nil {
			c.wanted = w.load.wanted.byEntry[c.entry.Hash]
		}
		for _, run := range r.Runs {
			c.lengths = append(c.lengths, run.To-run.From)
		}
		if w.waiver == nil {
			w.known.add(r.Shared, c)
		}
	}
	c.variants[s] = w.variant(r, s)
	return c
}

func (w *worker) reject(r *Row, c usage.Column, code, reason string) {
	if w.waiver.passes(code, w.load.columnName(c)) {
		return
	}
	if w.bad == nil {
		w.bad = &usage.Problem{
			File: w.file.name, Line: r.Line, Column: w.load.columnName(c), Code: code, Reason: reason,
			Value: clip(string(r.Values[c])), Verdict: usage.Quarantined,
		}
	}
}

func (w *worker) warn(code string, c usage.Column, reason string, f *usage.Fact) {
	w.file.warn(code, w.load.columnName(c), reason, int64(f.Line), f.Cost.Decimal())
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// quarantine keeps a row aside, unless it counts as printed.
func (w *worker) quarantine(r *Row) error {
	bad := *w.bad
	row := w.aside(r)
	if w.waiver == nil {
		if x := w.file.waives(&row, w.load.printed); x != nil {
			w.waiver = x
			err := w.row(r)
			w.waiver = nil
			w.file.take(x)
			return err
		}
	}
	w.waiver.fail()
	w.file.quarantine(bad, row)
	return nil
}

func (w *worker) day(r *Row) period.Date {
	text := r.Values[usage.UsageDate]
	if w.dayIs != 0 && bytes.Equal(text, w.dayText) {
		return w.dayIs
	}
	d, ok := w.load.service.ParseDay(w.reading, text)
	if w.order.Note(text); !ok && w.reading >= 2 && plausible.DayFirst(text) {
		w.reject(r, usage.UsageDate, dayMonthDates, "the day stands before the month, as spreadsheets of some countries write it")
		return 0
	}
	if !ok {
		w.reject(r, usage.UsageDate, "impossible_date", "not a day of the calendar")
		return 0
	}
	w.dayText, w.dayIs = append(w.dayText[:0], text...), d
	return d
}

// number reads one of the four amounts of a fact; blank is allowed where the amount only informs.
func (w *worker) number(r *Row, c usage.Column, blank bool, wide *[]usage.WideValue) money.Fixed {
	text := r.Values[c]
	if blank && len(text) == 0 {
		return money.Fixed{}
	}
	f, fit := money.ParseFixed(text)
	switch fit {
	case money.Fits:
	case money.Wide:
		d, err := money.Parse(string(text))
		if err != nil {
			w.reject(r, c, "not_a_number", "not a number")
			break
		}
		if short, fit := money.ParseFixed([]byte(d.String())); fit == money.Fits { // long by zeros only: the same number without them
			return short
		}
		*wide = append(*wide, usage.WideValue{Column: c, Value: d})
	default:
		w.reject(r, c, misfit(fit), misfitText(fit))
	}
	return f
}

func misfit(fit money.Fit) string {
	switch fit {
	case money.TooLarge:
		return "too_large"
	case money.TooLong:
		return "too_long"
	}
	return "not_a_number"
}

func misfitText(fit money.Fit) string {
	switch fit {
	case money.TooLarge:
		return "10^11 or more: no single row is that large"
	case money.TooLong:
		return "40 decimals or more"
	}
	return "not a number"
}

// price checks a column that is kept as printed but must be a number: the unit price and the exchange rate.
func (w *worker) price(r *Row, c usage.Column) {
	text := r.Values[c]
	if w.bad != nil || c == usage.ExchangeRate && len(text) == 0 {
		return
	}
	if _, fit := money.ParseFixed(text); fit != money.Fits && fit != money.Wide {
		w.reject(r, c, misfit(fit), misfitText(fit))
	}
}

func (w *worker) entry(r *Row) star.Item {
	w.buf = w.canon.Entry(w.buf[:0], &r.Values)
	it, fresh := w.load.entries.Find(w.buf)
	if fresh {
		w.block.Entries = append(w.block.Entries, usage.EntryRecord{Number: it.Number, Hash: it.Hash})
		e := &w.block.Entries[len(w.block.Entries)-1].Value
		w.canon.Fill(e, &r.Values, string(w.buf))
		w.load.name(e)
	}
	return it
}

// slotOf is the slot of a row, found by what it prints.
func (w *worker) slotOf(r *Row, currency money.Currency) *slotBatches {
	w.buf = star.AppendField(star.AppendField(star.AppendField(w.buf[:0], r.Values[usage.PartnerID]), r.Values[usage.InvoiceNumber]), r.Values[usage.BillingCurrency])
	m := w.slots[string(w.buf)]
	if m == nil {
		invoice := strings.TrimSpace(string(r.Values[usage.InvoiceNumber]))
		m = &slotBatches{slot: usage.Slot{
			Connector: Connector, Dataset: usage.DailyUsage, Account: strings.ToLower(string(r.Values[usage.PartnerID])),
			Currency: currency, Billed: invoice != "", Invoice: invoice,
		}}
		w.slots[string(w.buf)] = m
	}
	return m
}

// cellsOf is where a row's entitlement adds up, found by what it prints.
func (w *worker) cellsOf(r *Row) *star.EntitlementCells {
	printed := r.Values[usage.EntitlementID]
	s := w.cells[string(printed)]
	if s == nil {
		entitlement := strings.ToLower(string(printed))
		if s = w.cells[entitlement]; s == nil {
			s = star.NewEntitlementCells(entitlement)
			w.cells[entitlement] = s
			w.allCells = append(w.allCells, s)
		}
		w.cells[string(printed)] = s
	}
	return s
}

// Connector names where Microsoft's files come from.
const Connector = "microsoft"

// variant is the variant of a row. A credit that is not printed is a credit of 0: lines with the names of the provider's
// interface leave it out where a CSV file prints it.
func (w *worker) variant(r *Row, s sign) *variantInfo {
	for _, c := range [...]usage.Column{usage.EarnedCredit, usage.Credit} {
		if w.reading >= 3 && len(r.Values[c]) == 0 {
			r.Values[c] = []byte{'0'}
		}
	}
	benefit := r.Values[usage.BenefitType]
	covered := s == noAmount && (bytes.EqualFold(benefit, []byte("SavingsPlan")) || bytes.EqualFold(benefit, []byte("Reservation")) ||
		w.reading >= 2 && usage.NamesReservation(w.reading, r.Values[usage.AdditionalInfo]))
	price := signOfText(r.Values[usage.UnitPrice])
	reversed, unlisted := w.reading >= 2 && s == oppositeSigns && price >= 0, w.reading >= 2 && s != noAmount && price == 0
	w.buf = w.buf[:0]
	for _, c := range [...]usage.Column{usage.UnitPrice, usage.ExchangeRate, usage.ExchangeRateDate, usage.EarnedCredit, usage.Credit, usage.CreditType, usage.BenefitOrderID, usage.BenefitID, usage.BenefitType} {
		w.buf = star.AppendField(w.buf, r.Values[c])
	}
	for i, is := range [...]bool{covered, reversed, unlisted} {
		if is {
			w.buf = append(w.buf, byte(1+i))
		}
	}
	if v := w.variants[string(w.buf)]; v != nil {
		return v
	}
	if len(w.variants) >= maxRecent { // the dictionary is asked again
		clear(w.variants)
	}
	printed := string(w.buf)
	value := usage.Variant{
		UnitPrice: string(r.Values[usage.UnitPrice]), ExchangeRate: string(r.Values[usage.ExchangeRate]),
		ExchangeRateDate: string(r.Values[usage.ExchangeRateDate]), EarnedCredit: string(r.Values[usage.EarnedCredit]),
		Credit: string(r.Values[usage.Credit]), CreditType: string(r.Values[usage.CreditType]), BenefitOrderID: string(r.Values[usage.BenefitOrderID]),
		BenefitID: string(r.Values[usage.BenefitID]), BenefitType: string(benefit), Covered: covered, Reversed: reversed, Unlisted: unlisted,
	}
	it, fresh := w.load.variants.Find(star.Variant(&value))
	v := &variantInfo{Item: it}
	v.factor, v.lost, v.known = unitCost(value)
	v.negative = price < 0
	if fresh {
		w.block.Variants = append(w.block.Variants, usage.VariantRecord{Number: it.Number, Hash: it.Hash, Value: value})
	}
	w.variants[printed] = v
	return v
}

// unitCost is about what one unit costs in billing currency after the credits stated, and what the provider's documented
// truncation may lose of an amount: a hundredth in pricing currency, converted, and one in billing currency. It is not
// known for covered usage and where a number is missing.
func unitCost(v usage.Variant) (unit, lost plausible.Rough, known bool) {
	price, err := money.Parse(v.UnitPrice)
	if err != nil || v.Covered {
		return plausible.Rough{}, plausible.Rough{}, false
	}
	factor, cent := price, money.FromMinor(1, 2)
	twice := cent.Add(cent)
	if rate, err := money.Parse(v.ExchangeRate); err == nil {
		factor, twice = factor.Mul(rate), cent.Mul(rate).Add(cent)
	}
	for _, credit := range []string{v.EarnedCredit, v.Credit} {
		if p, err := money.Parse(credit); err == nil {
			factor = factor.Mul(money.FromInt(100).Sub(p)).Mul(money.FromMinor(1, 2))
		}
	}
	f, fit := money.ParseFixed([]byte(factor.Round(money.FixedPlaces).String()))
	l, fits := money.ParseFixed([]byte(twice.Round(money.FixedPlaces).String()))
	return plausible.RoughOf(f), plausible.RoughOf(l), fit == money.Fits && fits == money.Fits
}

func (w *worker) tags(r *Row) star.Item {
	text := r.Values[usage.Tags]
	if len(text) == 0 || string(text) == "{}" {
		return star.Item{}
	}
	it, fresh := w.load.tags.Find(text)
	if fresh {
		w.block.TagSets = append(w.block.TagSets, usage.TagSetRecord{Number: it.Number, Hash: it.Hash, Text: string(text), Pairs: usage.ParseTags(text)})
	}
	return it
}

func (w *worker) batch(m *slotBatches, day period.Date) (uint32, error) {
	month := day.Month()
	for i, known := range m.months {
		if known == month {
			return m.batches[i], nil
		}
	}
	slot := m.slot
	slot.Period = month
	n, err := w.load.batch(slot)
	if err == nil {
		m.months, m.batches = append(m.months, month), append(m.batches, n)
	}
	return n, err
}

// count adds the row to its cell and looks whether it is odd: the same row again, or an amount that price and
// quantity do not make.
func (w *worker) count(f *usage.Fact, c *common, v *variantInfo, wide []usage.WideValue) {
	var h xxh3.Uint128
	h, w.buf = star.Fingerprint(w.buf[:0], c.entry.Hash, v.Hash, c.tags.Hash, f, wide)
	w.seenRows = append(w.seenRows, seenRow{h.Hi ^ h.Lo, len(w.block.Facts)})
	if v.known && len(wide) == 0 && !f.Quantity.IsZero() && v.mismatch(f) {
		w.warn("amount_mismatch", usage.BillingPreTaxTotal, "the printed amount is not unit price × quantity × exchange rate after credits; the printed amount counts", f)
	}
	for i := range c.warnings {
		d := &c.warnings[i]
		w.warn(d.code, d.column, d.reason, f)
	}
	cell := c.cells.At(f.Batch, f.Day)
	cell.Add(h.Hi, h.Lo, f.Cost)
	for _, x := range wide {
		if x.Column == usage.BillingPreTaxTotal {
			cell.AddLong(x.Value)
		}
	}
}
