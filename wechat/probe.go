package wechat

import "context"

// Probe requests an access token, whatever is stored and whatever the breaker says: for people who have just
// changed the account's settings. It returns what is wrong with the id, the secret or this server's address.
//
// POST /cgi-bin/stable_token:
// https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html
func (a *OfficialAccount) Probe(ctx context.Context) error { return a.app.probe(ctx) }

// Probe is OfficialAccount.Probe for a mini-program.
func (m *MiniProgram) Probe(ctx context.Context) error { return m.app.probe(ctx) }

// Mend lets calls go out again that were held back for this server's address: another server has found that the account
// works.
func (a *OfficialAccount) Mend() { a.app.mend() }

// Mend is OfficialAccount.Mend for a mini-program.
func (m *MiniProgram) Mend() { m.app.mend() }

// Mend is OfficialAccount.Mend for an app of a company.
func (a *CorpApp) Mend() { a.app.mend() }

func (a app) mend() {
	a.client.mu.Lock()
	defer a.client.mu.Unlock()
	delete(a.client.broken, a.circuit())
}

func (a app) probe(ctx context.Context) error {
	a.mend()
	_, _, err := a.fetchToken(ctx)
	return err
}
