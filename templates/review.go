package templates

// Review is an application that somebody decides; partial "review". The page that
// shows it posts Approve or Reject, the latter with the value "reason", and both with
// "version", so that of two reviewers at once the second is told who decided: such a
// page comes back with Decided set, and no buttons.
type Review struct {
	Title    string // what is applied for: "住户认证"
	State    Badge
	Who      []Fact // who applied, and for what; personal data masked
	Evidence []ReviewEvidence
	Earlier  []ReviewDecision // of the same applicant, newest first
	Decided  string           // who decided and when, in a sentence; draws no buttons
	Late     bool             // Decided by somebody else, first: what this reviewer did had no effect
	ID       string           // of the section, where a page has several or leads to it
	Approve  string           // where to post; empty for who may only look
	Reject   string
	Effect   string // what approving does: "通过后，可以使用通行码出入。"
	Reason   Field  // why it is refused, as typed and with its message; its Name is "reason"
	Version  string // of what the reviewer has seen
	CSRF     string
}

// ReviewEvidence is a picture or a document that was handed in.
type ReviewEvidence struct {
	Label string // what it shows, also for screen readers: "身份证人像面"
	URL   string // of the file, whole; looking at it is an audited act
	Thumb string // of a small picture; empty draws an icon
}

// ReviewDecision is what was decided earlier.
type ReviewDecision struct {
	State  Badge
	Who    string
	When   string
	Reason string
}

// ReviewReason is the field that asks why, empty.
func ReviewReason() Field {
	return Field{Kind: Textarea, Name: "reason", Label: "驳回的原因", Help: "驳回时必填，会告诉申请人。", MaxLength: 200, Rows: 2}
}
