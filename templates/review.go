package templates

// Review is an application to be decided by a reviewer; partial "review". The page posts to Approve
// or Reject, the latter with "reason", and both with "version", so that the second of two
// concurrent reviewers is told who decided: that page has Decided set, and no buttons.
type Review struct {
	Title    string // what is applied for: "住户认证"
	State    Badge
	Who      []Fact // who applied, and for what; personal data masked
	Evidence []ReviewEvidence
	Earlier  []ReviewDecision // of the same applicant, newest first
	Decided  string           // who decided and when, as a sentence; hides the buttons
	Late     bool             // Decided by somebody else first: this reviewer's decision had no effect
	ID       string           // of the section, if a page has several or links to it
	Approve  string           // where to post; empty = read-only
	Reject   string
	Effect   string   // the effect of approving: "通过后，可以使用通行码出入。"
	Presets  []string // usual reasons: each rejects with one tap
	Reason   Field    // the reason for rejecting, as typed and with its message; its Name is "reason"
	Version  string   // of what the reviewer has seen
	CSRF     string
}

// ReviewEvidence is a submitted picture or document.
type ReviewEvidence struct {
	Label string // what it shows, also for screen readers: "身份证人像面"
	URL   string // of the full file; viewing it is audited
	Thumb string // of a small picture; if empty, an icon is drawn
}

// ReviewDecision is an earlier decision.
type ReviewDecision struct {
	State  Badge
	Who    string
	When   string
	Reason string
}

// ReviewReason returns the empty field for the reason.
func ReviewReason() Field {
	return Field{Kind: Textarea, Name: "reason", Label: "其他原因", Help: "会告诉申请人。", MaxLength: 200, Rows: 2}
}
