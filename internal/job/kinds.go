package job

// The kinds of job. This is the whole list; the wiring has one handler for each.
const (
	RenderDocument     Kind = "document.render"   // key: the document's id; makes and archives its PDF, JSON and CSV
	SettleRelationship Kind = "delegation.settle" // lane: the relationship; writes down what time did, and sets up or clears away
	NoticeRelationship Kind = "delegation.notice" // lane: the relationship; tells both sides before its end
	FinishActivation   Kind = "delegation.finish" // lane: the activation; writes down that it ended by itself
	ResealValues       Kind = "keys.reseal"       // key: the number of a new key; seals with it what older ones sealed
	DailyUpkeep        Kind = "upkeep.daily"      // key: a day of the machine's clock; drops what has expired, and orders the next
	ScrubErased        Kind = "privacy.scrub"     // key: an erased person's id; overwrites what their deleted rows left behind
)
