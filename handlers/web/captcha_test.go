package web

import (
	"bytes"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tongxing/core"
)

func captchaOf(t *testing.T, s *site) (id, answer string) {
	t.Helper()
	id, err := NewCaptcha(t.Context(), s.o.Cache)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err = s.o.Cache.Get(t.Context(), captchaKey(id))
	if err != nil {
		t.Fatal(err)
	}
	return id, answer
}

func TestACaptchaIsAnsweredOnce(t *testing.T) {
	s := newSite(t, nil)
	check := func(id, answer string) error { return CheckCaptcha(t.Context(), s.o.Cache, id, answer) }

	id, answer := captchaOf(t, s)
	if err := check(id, " "+strings.ToLower(answer)); err != nil {
		t.Errorf("right answer: %v", err)
	}
	if check(id, answer) == nil {
		t.Error("answered twice")
	}

	id, answer = captchaOf(t, s)
	if err := check(id, "00000"); FieldsOf(err)["captcha"] == "" {
		t.Errorf("wrong answer: %v", err)
	}
	if check(id, answer) == nil {
		t.Error("a wrong answer left it open for another guess")
	}

	for _, id := range []string{"", "x", "../captcha", newSecret()} {
		if err := check(id, ""); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestOneOfManyAnswersCounts(t *testing.T) {
	s := newSite(t, nil)
	id, answer := captchaOf(t, s)
	var right atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if CheckCaptcha(t.Context(), s.o.Cache, id, answer) == nil {
				right.Add(1)
			}
		})
	}
	all.Wait()
	if right.Load() != 1 {
		t.Errorf("%d answers counted", right.Load())
	}
}

func TestCaptchaImage(t *testing.T) {
	s := newSite(t, nil)
	id, answer := captchaOf(t, s)
	if len(answer) != captchaLength || strings.Trim(answer, captchaLetters) != "" {
		t.Errorf("answer %q", answer)
	}
	first, err := CaptchaImage(t.Context(), s.o.Cache, id)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := CaptchaImage(t.Context(), s.o.Cache, id)
	if !bytes.Equal(first, second) {
		t.Error("asking again gives another picture of the same letters")
	}
	picture, err := png.Decode(bytes.NewReader(first))
	if err != nil || picture.Bounds().Dx() != captchaWidth || picture.Bounds().Dy() != captchaHeight {
		t.Fatalf("picture %v", err)
	}
	other, _ := captchaOf(t, s)
	if third, _ := CaptchaImage(t.Context(), s.o.Cache, other); bytes.Equal(first, third) {
		t.Error("two captchas look the same")
	}
	if _, err := CaptchaImage(t.Context(), s.o.Cache, newSecret()); !core.IsNotFound(err) {
		t.Errorf("unknown: %v", err)
	}
	for _, letter := range captchaLetters {
		if captchaGlyphs[byte(letter)][0] == "" {
			t.Errorf("no glyph of %c", letter)
		}
	}
}
