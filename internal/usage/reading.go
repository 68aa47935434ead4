package usage

// Reading is the version of the rules by which files are read today: which texts are days and numbers, what is kept
// aside, which columns there are. Each file keeps the version it was read by (File.Reading), and what is made of it
// later, such as a rebuilt usage store, is made by that version: rows, hashes and digests that are sealed stay what they
// are. Stricter rules and further columns get a new version and count for files that were not imported before.
//
//	version  what it changed
//	1        as files were read before versions were kept
//	2        hour 30 is no time and times with an offset count in UTC; exchange rates of 0 and below are kept aside;
//	         a reservation that only AdditionalInfo names covers its usage; variants say that they are refunds
//	3        a reservation covers its usage however AdditionalInfo is nested or encoded; a credit that is not printed
//	         is a credit of 0
//
// What asks for a version asks "reading >= 2", so that later versions keep the rules of earlier ones.
const Reading = 3

// FirstReading is the version of files that keep none.
const FirstReading = 1

// ReadBy is the version of the rules by which the file was read.
func (f *File) ReadBy() int { return max(f.Reading, FirstReading) }

// ReadBy is the version of the rules by which the line was read.
func (l *StatementLine) ReadBy() int { return max(l.Reading, FirstReading) }

// lineColumn is a column of reconciliation lines that came after the first reading.
type lineColumn struct {
	since int
	blank func(*StatementLine)
}

// laterColumns lists the columns of reconciliation lines that came after the first reading. Their fields are left out
// of JSON when they are blank: then lines without them are what they were before.
func laterColumns() []lineColumn { return nil }

// As is the line as a reading has it: without the columns that came later.
func (l StatementLine) As(reading int) StatementLine { return l.without(reading, laterColumns()) }

func (l StatementLine) without(reading int, later []lineColumn) StatementLine {
	l.Reading = reading
	for _, c := range later {
		if c.since > reading {
			c.blank(&l)
		}
	}
	return l
}
