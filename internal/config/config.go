// Package config owns every setting, its default and its meaning. Only cmd reads it.
//
// It does not own what is said per command. Always true: a setting has one name, on the command line and, in capitals
// after PURVEYOR_, in the environment.
package config

// AuditDays is the default of that setting, also where nobody parsed a command line: ten years.
const AuditDays = 3653

// Settings is every setting there is.
type Settings struct {
	Listen    string   `name:"listen" env:"PURVEYOR_LISTEN" default:"127.0.0.1:8080" help:"Address to serve on; loopback only, but over TLS."`
	TLSHost   []string `name:"tls-host" env:"PURVEYOR_TLS_HOST" placeholder:"NAME" help:"Serve TLS for this host name or address, with a certificate of the installation's own authority (vault/ca.pem)."`
	TLSCert   string   `name:"tls-cert" env:"PURVEYOR_TLS_CERT" type:"path" placeholder:"FILE" help:"Serve TLS with this certificate (PEM, with its chain); read again when it changes."`
	TLSKey    string   `name:"tls-key" env:"PURVEYOR_TLS_KEY" type:"path" placeholder:"FILE" help:"Its key."`
	Ledger    string   `name:"ledger" env:"PURVEYOR_LEDGER" placeholder:"DSN" help:"PostgreSQL ledger (postgres://…) instead of the SQLite file in the data directory; DIR/ledger.dsn says the same for good."`
	LogLevel  string   `name:"log-level" env:"PURVEYOR_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"What the server logs: debug, info, warn or error."`
	LogFormat string   `name:"log-format" env:"PURVEYOR_LOG_FORMAT" default:"text" enum:"text,json" help:"How the server logs: text or json."`
	Memory    string   `name:"memory" env:"PURVEYOR_MEMORY" default:"1GB" help:"Memory of the usage store."`
	NewVault  bool     `name:"new-vault" env:"PURVEYOR_NEW_VAULT" help:"Begin a new vault where the old one is lost for good, and with it everything that was sealed."`
	AuditDays int      `name:"audit-days" env:"PURVEYOR_AUDIT_DAYS" default:"3653" help:"Days that records of the event log are kept at least; older ones may be exported and pruned."`
	Workers   int      `name:"workers" env:"PURVEYOR_WORKERS" default:"0" help:"Jobs at a time; 0 is one for each processor."`
}
