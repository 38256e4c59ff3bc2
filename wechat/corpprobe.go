package wechat

import (
	"context"
	"strconv"

	"github.com/silenceper/wechat/v2/util"
)

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
		{CorpPartAgent, func() error { return app.checkAgent(ctx) }},
		{CorpPartRange, func() error { _, err := app.Departments(ctx); return err }},
		{CorpPartContact, func() error { return contact.app.probe(ctx) }},
		{CorpPartContact, func() error { _, _, err := contact.MemberIDs(ctx, ""); return err }},
	} {
		if err := step.ask(); err != nil {
			return &CorpProblem{step.part, err}
		}
	}
	return nil
}

// checkAgent asks for the app by its agent id. Code 301002: the id is another app's. The SDK has no such call.
// https://developer.work.weixin.qq.com/document/path/90227
func (c *CorpApp) checkAgent(ctx context.Context) error {
	return c.app.do(ctx, func(t *trip) error {
		address := corpHost + "/cgi-bin/agent/get?access_token=" + t.id + "&agentid=" + strconv.Itoa(c.agent)
		body, err := util.HTTPGetContext(t.ctx, address)
		if err != nil {
			return err
		}
		return util.DecodeWithCommonError(body, "AgentGet")
	})
}
