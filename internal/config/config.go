// Package config owns every setting, its default and its meaning. Only cmd reads it.
//
// It does not own what is said per command. Always true: a setting has one name, on the command line and, in capitals
// after PURVEYOR_, in the environment.
package config

// AuditDays is the default of that setting, also where nobody parsed a command line: ten years.
const AuditDays = 3653

// Settings is every setting there is.
type Settings struct {
	Listen    string   `name:"listen" env:"PURVEYOR_LISTEN" default:"127.0.0.1:8080" help:"Address to serve on; without TLS only an address of this machine."`
	TLSHost   []string `name:"tls-host" env:"PURVEYOR_TLS_HOST" placeholder:"NAME" help:"Serve TLS for this host name or address, with a certificate of the installation's own authority (vault/ca.pem)."`
	TLSCert   string   `name:"tls-cert" env:"PURVEYOR_TLS_CERT" type:"path" placeholder:"FILE" help:"Serve TLS with this certificate (PEM, with its chain); read again when it changes."`
	TLSKey    string   `name:"tls-key" env:"PURVEYOR_TLS_KEY" type:"path" placeholder:"FILE" help:"The private key of the certificate (PEM)."`
	Ledger    string   `name:"ledger" env:"PURVEYOR_LEDGER" placeholder:"DSN" help:"PostgreSQL ledger (postgres://…) instead of the SQLite file in the data directory; to set it permanently, write it into DIR/ledger.dsn."`
	LogLevel  string   `name:"log-level" env:"PURVEYOR_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"What the server logs: debug, info, warn or error."`
	LogFormat string   `name:"log-format" env:"PURVEYOR_LOG_FORMAT" default:"text" enum:"text,json" help:"How the server logs: text or json."`
	Memory    string   `name:"memory" env:"PURVEYOR_MEMORY" default:"1GB" help:"Most memory that the usage store takes."`
	NewVault  bool     `name:"new-vault" env:"PURVEYOR_NEW_VAULT" help:"Begin a new vault because the old one is lost for good, with everything that was encrypted with it."`
	NoBackup  bool     `name:"no-migration-backup" env:"PURVEYOR_NO_MIGRATION_BACKUP" help:"Migrate the ledger of an earlier version without making a backup of the data directory before."`
	AuditDays int      `name:"audit-days" env:"PURVEYOR_AUDIT_DAYS" default:"3653" help:"For how many days records of the event log are kept at least; older ones may be exported and pruned."`
	Proxies   []string `name:"trusted-proxy" env:"PURVEYOR_TRUSTED_PROXY" placeholder:"ADDRESS" help:"Reverse proxy (address or network) in front of the server: callers are told apart by the X-Forwarded-For header that it sets. Of others that header is ignored."`
	Requests  int      `name:"limit-requests" env:"PURVEYOR_LIMIT_REQUESTS" default:"100" help:"Requests a second that one caller may send over time, and ten times as many at once; 0 for no limit."`
	AtOnce    int      `name:"limit-at-once" env:"PURVEYOR_LIMIT_AT_ONCE" default:"64" help:"Requests of one caller that are answered at once; 0 for no limit."`
	BodyMB    int      `name:"limit-body-mb" env:"PURVEYOR_LIMIT_BODY_MB" default:"64" help:"Megabytes that requests of one caller may hold in memory at once, beside one that is longer; 0 for no limit."`
	Reserve   int      `name:"disk-reserve-mb" env:"PURVEYOR_DISK_RESERVE_MB" default:"512" help:"Megabytes of the disk that imports leave free."`
	Workers   int      `name:"workers" env:"PURVEYOR_WORKERS" default:"0" help:"How many jobs run at a time; 0 is one for each processor."`

	PrivateProviders bool `name:"private-providers" env:"PURVEYOR_PRIVATE_PROVIDERS" help:"Let organisations sign in at a provider whose address is in a private network (such as 10.0.0.0/8). Addresses of this machine are always refused."`
}
