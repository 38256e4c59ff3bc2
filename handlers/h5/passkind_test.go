package h5

import (
	"testing"

	"tongxing/core"
	"tongxing/store"
)

// The phone knows every kind of pass: a guard finds it without a code.
func TestThePhoneKnowsEveryKindOfPass(t *testing.T) {
	for _, kind := range core.PassKinds() {
		if row, known := passKinds[kind]; !known || row.find == nil {
			t.Errorf("%s: known %v, but no guard finds it", kind, known)
		}
	}
	if len(passKinds) != len(core.PassKinds()) {
		t.Errorf("%d rows of %d kinds", len(passKinds), len(core.PassKinds()))
	}
}

// What a community allows its residents is not said of other passes, whatever the kind.
func TestAPassSaysWhatHoldsForItsKind(t *testing.T) {
	for _, kind := range core.PassKinds() {
		preview := store.Preview{Kind: kind, Rule: core.DefaultPassRule(), Decision: core.Decision{
			Allowed: true, Sentence: "有效期内可以通行", Unlimited: true,
		}}
		title, caption := "现在可以通行", "请对准扫码机，或出示给门岗"
		if kind.Type().Counted {
			title, caption = "现在可以出门", "请对准扫码机"
		}
		if got := canPass(preview); got.Title != title || codeCaption(preview) != caption {
			t.Errorf("%s: %s, %s", kind, got.Title, codeCaption(preview))
		}
	}
}
