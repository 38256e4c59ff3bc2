package gate

import (
	"context"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/secret"
	"tongxing/store"
)

// NewCard returns the text of a card's code: as random as a token, and longer, so that none is taken for the other.
func NewCard() string {
	b := secret.Bytes(randomLength)
	for i := range b {
		b[i] = tokenAlphabet[b[i]&31]
	}
	return core.CardPrefix + string(b)
}

// parseCard reads the text of a card's code, with what ParseToken forgives.
func parseCard(text string) (string, bool) {
	text = strings.ToUpper(plainToken(text))
	rest, ok := strings.CutPrefix(text, core.CardPrefix)
	if !ok || len(rest) != randomLength || strings.Trim(rest, tokenAlphabet) != "" {
		return "", false
	}
	return text, true
}

// passCard decides on a card. It needs no cache: the database alone knows cards.
func (g *Gate) passCard(ctx context.Context, a store.ScanAttempt, code, asker string) Result {
	began := time.Now()
	outcome, err := g.store.ScanCard(ctx, a, code, asker)
	r := Result{Decision: outcome.Decision, Record: outcome.Record, Repeat: outcome.Repeat}
	if err != nil {
		g.failed(ctx, "scan of a card", err)
		r = unavailable()
	}
	g.tell(a, r, began)
	return r
}

// previewCard returns whose card was shown, and what the rules would decide.
func (g *Gate) previewCard(ctx context.Context, a store.ScanAttempt, code string) (store.Preview, error) {
	pass, err := g.store.CardPass(ctx, code)
	if err != nil {
		g.failed(ctx, "look at a card", err)
		return store.Preview{Decision: unavailable().Decision}, nil
	}
	a.Pass, a.Token = pass, core.TokenLive
	if pass == 0 {
		a.Token = core.TokenForeign
	}
	return g.store.PreviewScan(ctx, a)
}
