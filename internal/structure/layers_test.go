package structure

// layer is a group of packages with the same rule about what they may import. Layers stand from the inside out.
type layer struct {
	name    string
	sees    []string // layers its packages may import
	ordered bool     // a package may import those of its own layer that stand before it, and no others
	bare    bool     // no library and no part of the operating system but what stands with the package
	parts   []part
}

// part is a package, whether its first line is written yet or not.
type part struct {
	path string
	uses []string // what it may import beyond its layer's rule: packages, libraries
}

const (
	words    = "words"
	areas    = "areas"
	adapters = "adapters"
	samples  = "samples"
	edges    = "edges"
	wiring   = "wiring"
	programs = "programs"
	proofs   = "proofs"
)

// layers is the whole project. A package that is not here may not exist.
var layers = []layer{
	{name: words, sees: []string{words}, bare: true, parts: []part{
		{path: "internal/money", uses: []string{"github.com/cockroachdb/apd", "github.com/bojanz/currency"}},
		{path: "internal/period"},
		{path: "internal/id"},
		{path: "internal/fault"},
		{path: "internal/disk", uses: []string{"io/fs", "os", "path/filepath", "syscall"}}, // what the operating system refuses
		{path: "internal/tx"},
		{path: "internal/scope"},
		{path: "internal/secret"},
		{path: "internal/shard"},
		{path: "internal/factor", uses: []string{"github.com/trustelem/zxcvbn", "golang.org/x/crypto/argon2", "net/url"}},
		{path: "internal/rule", uses: []string{"cel.dev/cel-go"}},
	}},
	{name: areas, sees: []string{words}, ordered: true, bare: true, parts: []part{
		{path: "internal/event"},
		{path: "internal/job"},
		{path: "internal/identity", uses: []string{"net/url"}}, // addresses are read, and nothing is fetched
		{path: "internal/identity/sessions"},
		{path: "internal/identity/programs"},
		{path: "internal/identity/federation"},
		{path: "internal/identity/people"},
		{path: "internal/access"},
		{path: "internal/safe"},
		{path: "internal/org"},
		{path: "internal/catalog"},
		{path: "internal/pricing"},
		{path: "internal/charge"},
		{path: "internal/aside"},
		{path: "internal/customer"},
		{path: "internal/subscription"},
		{path: "internal/usage"},
		{path: "internal/usage/consistency"},
		{path: "internal/usage/star", uses: []string{"github.com/zeebo/xxh3"}}, // fingerprints of rows
		{path: "internal/intake/plausible"},
		{path: "internal/intake", uses: []string{"github.com/zeebo/xxh3"}}, // hashes of rows held in memory only
		{path: "internal/resource"},
		{path: "internal/rating"},
		{path: "internal/reservation"},
		{path: "internal/invoice", uses: []string{"github.com/klauspost/compress/zstd"}}, // worksheets
		{path: "internal/payment"},
		{path: "internal/recon"},
		{path: "internal/delegation", uses: []string{"embed"}}, // the provider's tables of roles
		{path: "internal/support"},
		{path: "internal/cost"},
		{path: "internal/suspension"},
		{path: "internal/vending"},
		{path: "internal/webhook"},
		{path: "internal/notice"},
		{path: "internal/backup"},
	}},
	{name: adapters, sees: []string{words, areas}, parts: []part{
		{path: "internal/sqlstore/failure"}, // what the errors of its databases mean
		{path: "internal/sqlstore", uses: []string{"internal/sqlstore/failure"}},
		{path: "internal/sqlstore/billing", uses: []string{"internal/sqlstore"}},
		{path: "internal/sqlstore/parties", uses: []string{"internal/sqlstore"}},
		{path: "internal/sqlstore/organisations", uses: []string{"internal/sqlstore"}},
		{path: "internal/sqlstore/operations", uses: []string{"internal/clock", "internal/sqlstore"}}, // whose time it keeps
		{path: "internal/usagestore/duckdb"},
		{path: "internal/usagestore/clickhouse"},
		{path: "internal/usagestore/runs"},  // over any of them: it reads what it keeps through an interface of its own
		{path: "internal/intake/microsoft"}, // decoders: cmd hands them to usage
		{path: "internal/filestore"},
		{path: "internal/backup/folder"},
		{path: "internal/vault"},
		{path: "internal/cloud"},
		{path: "internal/cloud/microsoft", uses: []string{"internal/cloud"}},
		{path: "internal/cloud/sim", uses: []string{"internal/cloud"}},
		{path: "internal/document", uses: []string{"internal/document/first", "internal/document/fonts"}},
		{path: "internal/document/first", uses: []string{"internal/document/fonts"}}, // as documents were drawn before
		{path: "internal/document/fonts"},
		{path: "internal/clock"},
	}},
	// Made-up data imports nothing of ours, so that what it says can be held against what the rest says.
	{name: samples, ordered: true, parts: []part{
		{path: "internal/sample"},
		{path: "internal/sample/statement"},
	}},
	{name: edges, sees: []string{words, areas}, parts: []part{
		{path: "internal/world"},
		{path: "internal/check"},
		{path: "internal/api"},
		{path: "internal/api/limits"},
		// Native moves the clock and hands documents out; both are asked as areas are.
		{path: "internal/api/native", uses: []string{"internal/api", "internal/world", "internal/check", "internal/clock", "internal/document"}},
		{path: "internal/api/native/kernel", uses: []string{"internal/api", "internal/api/limits"}},
		// One package for each area of the API, which declares its routes by the kernel and imports no other.
		{path: "internal/api/native/access", uses: routesOf()},
		{path: "internal/api/native/backup", uses: routesOf()},
		{path: "internal/api/native/check", uses: routesOf("internal/check")},
		{path: "internal/api/native/clock", uses: routesOf("internal/clock")},
		{path: "internal/api/native/cost", uses: routesOf()},
		{path: "internal/api/native/delegation", uses: routesOf()},
		{path: "internal/api/native/event", uses: routesOf()},
		{path: "internal/api/native/invoice", uses: routesOf("internal/document")},
		{path: "internal/api/native/job", uses: routesOf()},
		{path: "internal/api/native/people", uses: routesOf()},
		{path: "internal/api/native/pricing", uses: routesOf("internal/world")},
		{path: "internal/api/native/recon", uses: routesOf()},
		{path: "internal/api/native/resource", uses: routesOf()},
		{path: "internal/api/native/safe", uses: routesOf()},
		{path: "internal/api/native/status", uses: routesOf("internal/clock")},
		{path: "internal/api/native/usage", uses: routesOf()},
		{path: "internal/api/native/world", uses: routesOf("internal/document", "internal/world")},
		{path: "internal/api/login", uses: []string{"internal/api", "internal/api/login/outside", "internal/api/login/pages"}},
		{path: "internal/api/callers", uses: []string{"internal/api/limits", "internal/api/native", "internal/api/login"}}, // who calls one is found out by the other
		{path: "internal/api/login/outside"},
		{path: "internal/api/login/pages"},
		{path: "internal/api/arm", uses: []string{"internal/api"}},
		{path: "internal/api/partnercenter", uses: []string{"internal/api"}},
		{path: "internal/api/graph", uses: []string{"internal/api"}},
		{path: "internal/matrix", uses: []string{"internal/api/native"}}, // whose list of calls it goes through
		{path: "internal/cli", uses: []string{"internal/cli", "internal/api/native"}},
		{path: "internal/cli/call", uses: []string{"internal/api/native"}},
		{path: "internal/cli/command", uses: []string{"internal/cli/call", "internal/cli/remote", "internal/cli/table"}},
		{path: "internal/cli/completion"},
		{path: "internal/cli/remote"},
		{path: "internal/cli/table"},
		{path: "internal/cli/walk", uses: []string{"internal/cli/table"}},
		// Commands by subject, each over what all share. Those that need no data directory write worlds and made-up usage.
		{path: "internal/cli/upkeep", uses: commands("internal/check")},
		{path: "internal/cli/selling", uses: commands("internal/cli/upkeep", "internal/world", "internal/sample")},
		{path: "internal/cli/billing", uses: commands("internal/cli/selling", "internal/cli/walk", "internal/sample")},
		{path: "internal/cli/people", uses: commands("internal/matrix")},
		{path: "internal/cli/delegated", uses: commands()},
		{path: "internal/cli/demo", uses: commands("internal/cli/upkeep", "internal/cli/selling", "internal/cli/billing", "internal/sample")},
		{path: "internal/config"},
	}},
	// Builds every part over a data directory, once for the program, its tests and measurements.
	{name: wiring, sees: []string{words, areas, adapters, edges}, parts: []part{
		{path: "internal/installation"},
	}},
	{name: programs, sees: []string{words, areas, adapters, samples, edges, wiring}, parts: []part{
		{path: "cmd/purveyor"},
		{path: "cmd/bench", uses: []string{"internal/sqlstore/pgtest", "internal/usagestore/duckdb/readcsv"}}, // what it measures beside us
	}},
	// What only tests and measurements import.
	{name: proofs, sees: []string{words, areas, adapters, wiring, proofs}, parts: []part{
		{path: "internal/rating/oracle"},
		{path: "internal/intake/microsoft/malformed"},
		{path: "internal/usagestore/usagetest"},
		{path: "internal/usagestore/duckdb/readcsv"},
		{path: "internal/sqlstore/storetest"},
		{path: "internal/sqlstore/pgtest"},
		{path: "internal/cloud/cloudtest"},
		{path: "internal/signintest"},
		{path: "internal/installtest", uses: []string{"internal/config"}},
		{path: "internal/guides"},
		// A month closed by processes that are killed, from a world in YAML to the last check.
		{path: "internal/faulttest", uses: []string{"internal/world", "internal/check"}},
		{path: "internal/structure"},
	}},
}

// commands is what every package of commands may import, and what one needs besides.
func commands(more ...string) []string {
	return append([]string{"internal/api/native", "internal/cli/call", "internal/cli/command", "internal/cli/table"}, more...)
}

// routesOf is what every package of routes may import, and what one needs besides.
func routesOf(more ...string) []string {
	return append([]string{"internal/api/native/kernel"}, more...)
}

// testsSee says what the tests of a layer may import besides what the layer may: the real parts around it.
var testsSee = map[string][]string{
	words:    {words, proofs},
	areas:    {words, areas, adapters, samples, proofs},
	adapters: {words, areas, adapters, samples, proofs},
	samples:  {samples},
	edges:    {words, areas, adapters, samples, edges, proofs},
	wiring:   {words, areas, adapters, samples, edges, wiring, proofs},
	programs: {words, areas, adapters, samples, edges, wiring, programs, proofs},
	proofs:   {words, areas, adapters, samples, wiring, proofs},
}

// fences says which packages, tests included, may import a library. Libraries that are not here are for adapters,
// edges and programs to choose.
var fences = map[string][]string{
	"github.com/cockroachdb/apd":     {"internal/money"},
	"github.com/bojanz/currency":     {"internal/money"},
	"cel.dev/cel-go":                 {"internal/rule"},
	"database/sql":                   {"internal/sqlstore", "internal/sqlstore/failure", "internal/sqlstore/pgtest", "internal/sqlstore/storetest", "internal/usagestore/clickhouse"},
	"github.com/uptrace/bun":         {"internal/sqlstore", "internal/sqlstore/billing", "internal/sqlstore/organisations", "internal/sqlstore/parties", "internal/sqlstore/operations"},
	"github.com/pressly/goose":       {"internal/sqlstore"},
	"modernc.org/sqlite":             {"internal/sqlstore", "internal/sqlstore/failure"},
	"github.com/jackc/pgx":           {"internal/sqlstore", "internal/sqlstore/failure", "internal/sqlstore/pgtest", "cmd/bench"},
	"github.com/duckdb":              {"internal/usagestore/duckdb", "internal/usagestore/duckdb/readcsv"},
	"github.com/ClickHouse":          {"internal/usagestore/clickhouse"},
	"github.com/danielgtaylor/huma":  {"internal/api/native/kernel"},
	"github.com/alecthomas/kong":     {"internal/cli", "internal/cli/completion"},
	"github.com/schollz/progressbar": {"internal/cli/command"},
	"github.com/knadh/koanf":         {"internal/config"},
	"codeberg.org/go-pdf/fpdf":       {"internal/document", "internal/document/first"},
	"github.com/pdfcpu/pdfcpu":       {"internal/document"},
	"gopkg.in/yaml.v3":               {"internal/world", "internal/matrix", "internal/document"},
	"github.com/zitadel/oidc":        {"internal/api/login"},
	"github.com/gofrs/flock":         {"internal/installation"},
	"internal/config":                {"cmd/purveyor", "cmd/bench", "internal/installation", "internal/installtest"},
}

// machine is what words and areas leave to others: files, the network, processes.
var machine = []string{"os", "net", "syscall", "unsafe", "plugin", "log", "embed", "io/ioutil", "database/sql"}

// apart are packages that must not reach one another, over however many steps: what is checked and what checks it.
var apart = [][2]string{
	{"internal/rating/oracle", "internal/rating"},
}

// dataOnly are packages of which another may use the types and constants and no function or method.
var dataOnly = [][2]string{
	{"internal/rating/oracle", "internal/pricing"},
}
