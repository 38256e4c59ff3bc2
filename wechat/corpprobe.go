package wechat

import "context"

// CorpPart is a part of a company's settings.
type CorpPart string

// The parts, in the order in which they are checked.
const (
	CorpPartApp     CorpPart = "app"     // the company's id, the app's secret, this server's address
	CorpPartAgent   CorpPart = "agent"   // the agent id
	CorpPartRange   CorpPart = "range"   // which departments the app may see
	CorpPartContact CorpPart = "contact" // the contact sync's secret
)

// CorpProblem is what is wrong with a part of a company's settings.
type CorpProblem struct {
	Part CorpPart
	Err  error
}

func (p *CorpProblem) Error() string { return "wechat: " + string(p.Part) + ": " + p.Err.Error() }

// Unwrap returns what the platform said.
func (p *CorpProblem) Unwrap() error { return p.Err }

// ProbeCorp checks the settings of a company one by one, whatever is stored and whatever the breaker says: for
// people who have just changed them. Its error is a *CorpProblem.
func ProbeCorp(ctx context.Context, app, contact *CorpApp) error {
	for _, step := range []struct {
		part CorpPart
		ask  func() error
	}{
		{CorpPartApp, func() error { return app.app.probe(ctx) }},
		{CorpPartAgent, func() error { _, err := app.Range(ctx); return err }},
		{CorpPartRange, func() error { _, _, err := app.Sight(ctx); return err }},
		{CorpPartContact, func() error { return contact.app.probe(ctx) }},
		{CorpPartContact, func() error { _, _, err := contact.MemberIDs(ctx, ""); return err }},
	} {
		if err := step.ask(); err != nil {
			return &CorpProblem{step.part, err}
		}
	}
	return nil
}
