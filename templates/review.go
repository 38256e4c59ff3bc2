package templates

import "slices"

// Review is an application to be decided by a reviewer; partial "review". The page posts to Approve
// or Reject, the latter with "reason", and both with "version", so that the second of two
// concurrent reviewers is told who decided: that page has Decided set, and no buttons.
type Review struct {
	Title      string // what is applied for: "住户认证"
	State      Badge
	Who        []Fact // who applied, and for what; personal data masked
	Evidence   []ReviewEvidence
	Earlier    []ReviewDecision // of the same applicant, newest first
	Decided    string           // who decided and when, as a sentence; hides the buttons
	Late       bool             // Decided by somebody else first: this reviewer's decision had no effect
	ID         string           // of the section, if a page has several or links to it
	Approve    string           // where to post; empty = read-only
	Reject     string
	Effect     string   // the effect of approving: "通过后，可以使用通行码出入。"
	Refused    string   // why it cannot be approved, which then is not offered; "" = it can
	Failed     string   // why a decision just now did not count; "" = none was made, or Refused says it
	RefusedURL string   // whom Refused is about; "" = nobody who can be looked at
	Warning    string   // what approving does and who decides may not expect; "" = nothing
	Presets    []string // usual reasons: each rejects with one tap
	Edit       string   // where Presets are changed; "" = not by this reviewer
	Reason     Field    // the reason for rejecting, as typed and with its message; its Name is "reason"
	Note       Field    // a word to the applicant, "note"; without a name there is none
	Internal   Field    // a word to colleagues, "internal"; likewise
	Version    string   // of what the reviewer has seen
	CSRF       string
}

// ReviewPerson is a resident of the house that is applied for, whom the reviewer compares.
type ReviewPerson struct {
	URL, Name, Identity, Phone string // URL may be empty
	State                      Badge
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

// ReviewNote returns the empty field for a word to the applicant.
func ReviewNote() Field {
	return Field{
		Kind: Textarea, Name: "note", Label: "给申请人的话", Help: "和审核结果一起告诉申请人。", MaxLength: 200, Rows: 2,
	}
}

// ReviewInternal returns the empty field for a word to colleagues.
func ReviewInternal() Field {
	return Field{Kind: Textarea, Name: "internal", Label: "内部备注", Help: "申请人看不到。", MaxLength: 200, Rows: 2}
}

// Noted reports whether something is in the fields for words, so that they must be shown.
func (r Review) Noted() bool { return ReviewNoted(r.Note, r.Internal) }

// ReviewNoted reports whether any of some fields has a text or a message.
func ReviewNoted(fields ...Field) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return f.Value != "" || f.Error != "" })
}

// ReviewReason returns the empty field for the reason; told is how who applied learns of it.
func ReviewReason(told string) Field {
	return Field{Kind: Textarea, Name: "reason", Label: "其他原因", Help: told + "。", MaxLength: 200, Rows: 2}
}
