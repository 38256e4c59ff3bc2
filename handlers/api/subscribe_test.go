package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"tongxing/core"
)

// Each kind of message that the mini-program sends has a place where it asks for consent, at most three of them at once.
func TestConsentIsAskedForEachKind(t *testing.T) {
	s := newSite(t)
	s.api.subscribe = func(context.Context, string) map[core.MessageKind]string {
		ids := map[core.MessageKind]string{}
		for _, kind := range core.MessageKinds() {
			if slices.Contains(kind.Type().Channels, core.ChannelSubscribe) {
				ids[kind] = "template-" + string(kind)
			}
		}
		return ids
	}
	token, asked := s.enter("one"), map[string]bool{}
	for _, path := range []string{
		"/certifications", "/households", "/visitors", "/visitor-form?house_id=" + s.Residents[0].House.String(), "/passes",
		"/exitslip-form",
		"/visit-form?community_id=" + s.Community.String(),
	} {
		var body struct {
			Templates []string `json:"subscribe_templates"`
		}
		answer := s.ok(call{method: http.MethodGet, path: path, token: token})
		if err := json.Unmarshal([]byte(answer.Body), &body); err != nil {
			t.Fatal(err)
		}
		if len(body.Templates) == 0 || len(body.Templates) > 3 {
			t.Errorf("%s: %q", path, body.Templates)
		}
		for _, id := range body.Templates {
			asked[id] = true
		}
	}
	for _, id := range s.api.subscribe(t.Context(), "") {
		if !asked[id] {
			t.Errorf("nothing asks for %s", id)
		}
	}
}
