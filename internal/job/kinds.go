package job

// The kinds of job there are. This is the whole list; cmd has one handler for each.
const (
	RenderDocument Kind = "document.render" // key: the document's id; makes and archives its PDF, JSON and CSV
)
