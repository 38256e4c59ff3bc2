package templates

// Job is work in the background as a page shows it; partial "job". While it is not
// over the part asks URL for itself again, every second; where scripts are off a
// button loads the page anew. The work goes on whether or not anybody looks.
type Job struct {
	ID      string // of the element; "job" if empty
	Title   string
	State   Badge
	Over    bool   // nothing will change any more
	Percent int    // 0 to 100
	Known   bool   // how much there is to do is known: a bar with a figure
	Count   string // "12,000 / 50,000"; empty for none
	Words   string // what was found, or why it failed
	Bad     bool   // it failed, or found something wrong: Words stands out
	URL     string // of the job's page, of which the part is taken
	Cancel  string // where to post to cancel; empty when it cannot be
	Again   string // where to post to begin it anew; empty when it cannot be
	Result  Action // leads to what came out; may be zero
	Times   []Fact // when it was asked for, begun and ended; may be empty
	CSRF    string
}

// Element is the id of the part in its page.
func (j Job) Element() string {
	if j.ID == "" {
		return "job"
	}
	return j.ID
}
