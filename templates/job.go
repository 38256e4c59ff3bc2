package templates

// Job is a background job; partial "job". Until it is over the part fetches itself from URL every
// second; without scripts a button reloads the page. The job runs whether or not anybody watches.
type Job struct {
	ID      string // of the element; "job" if empty
	Title   string
	State   Badge
	Over    bool   // nothing will change
	Percent int    // 0 to 100
	Known   bool   // the total is known: a bar with a percentage
	Count   string // "12,000 / 50,000"; empty for none
	Words   string // the result, or why it failed
	Note    string // while it lasts: why nothing moves
	Bad     bool   // it failed, or found a problem: Words is highlighted
	URL     string // of the job's page, from which the part is taken
	Cancel  string // where to post to cancel; empty if not possible
	Again   string // where to post to start it again; empty if not possible
	Result  Action // link to the result; may be zero
	Times   []Fact // when it was requested, started and ended; may be empty
	CSRF    string
}

// Element is the id of the part in its page.
func (j Job) Element() string {
	if j.ID == "" {
		return "job"
	}
	return j.ID
}
