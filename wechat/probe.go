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

func (a app) probe(ctx context.Context) error {
	a.client.mu.Lock()
	delete(a.client.broken, a.circuit())
	a.client.mu.Unlock()
	_, _, err := a.fetchToken(ctx)
	return err
}
