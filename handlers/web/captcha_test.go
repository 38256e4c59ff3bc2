package web

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tongxing/captcha"
	"tongxing/core"
)

func (s *site) captchas() *Captchas { return NewCaptchas(s.store, s.o.Cache) }

func TestACaptchaIsAnsweredOnce(t *testing.T) {
	s := newSite(t, nil)
	k, other := s.captchas(), s.captchas() // of two servers
	id := k.New()
	if err := k.Check(t.Context(), id, " "+strings.ToLower(k.Letters(id))); err != nil {
		t.Errorf("right answer: %v", err)
	}
	if k.Check(t.Context(), id, k.Letters(id)) == nil || other.Check(t.Context(), id, k.Letters(id)) == nil {
		t.Error("answered twice")
	}

	id = k.New()
	if err := k.Check(t.Context(), id, "00000"); FieldsOf(err)["captcha"] == "" {
		t.Errorf("wrong answer: %v", err)
	}
	if k.Check(t.Context(), id, k.Letters(id)) == nil {
		t.Error("a wrong answer left it open for another guess")
	}

	end, rest, _ := strings.Cut(k.New(), ".")
	for _, id := range []string{"", "x", "..", "../captcha", newSecret(), rest, "z" + end + "." + rest} {
		if err := k.Check(t.Context(), id, k.Letters(id)); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %v", id, err)
		}
	}

	id = k.New()
	s.pass(captchaLife)
	if k.Check(t.Context(), id, k.Letters(id)) == nil {
		t.Error("answered after its time")
	}
	if _, err := k.Picture(id); !core.IsNotFound(err) {
		t.Errorf("its picture after its time: %v", err)
	}
}

func TestOneOfManyAnswersCounts(t *testing.T) {
	for name, stop := range map[string]bool{"with the cache": false, "without the cache": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			k := s.captchas()
			id := k.New()
			if stop {
				s.redis.Close()
			}
			var right atomic.Int32
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					if k.Check(t.Context(), id, k.Letters(id)) == nil {
						right.Add(1)
					}
				})
			}
			all.Wait()
			if right.Load() != 1 {
				t.Errorf("%d answers counted", right.Load())
			}
			if k.CacheDown(t.Context()) != stop {
				t.Error("does not know whether the cache answers")
			}
		})
	}
}

// A used id is remembered for as long as it could be answered again.
func TestAnAnswerIsRememberedWithoutTheCache(t *testing.T) {
	s := newSite(t, nil)
	s.redis.Close()
	k := s.captchas()
	k.used.add("the first of a generation", s.Now())
	s.pass(captchaLife / 2)
	id := k.New()
	if k.Check(t.Context(), id, "00000") == nil {
		t.Fatal("a wrong answer counts")
	}
	for range 9 {
		s.pass(captchaLife / 20)
		if k.used.add(newSecret(), s.Now()); k.Check(t.Context(), id, k.Letters(id)) == nil {
			t.Fatal("answered twice")
		}
	}
	s.pass(3 * captchaLife)
	k.used.add("a", s.Now())
	s.pass(captchaLife)
	k.used.add("b", s.Now())
	if n := len(k.used.young) + len(k.used.old); n != 2 {
		t.Errorf("%d remembered for good", n)
	}
}

// guess reads a captcha as an attacker would who believes seed to be the picture's: it draws each
// letter at each position and takes those that differ least.
func guess(t *testing.T, picture []byte, seed [32]byte) string {
	t.Helper()
	seen := pointsOf(t, picture)
	best, nearest := make([]byte, captcha.Length), [captcha.Length]int{}
	for _, letter := range "2346789ACEFHKLPRTY" {
		drawn, err := captcha.Draw(strings.Repeat(string(letter), captcha.Length), seed)
		if err != nil {
			t.Fatal(err)
		}
		mine := pointsOf(t, drawn)
		for place := range best {
			from, differ := 14+place*38, 1
			for x := from; x < from+30; x++ {
				for y := range captcha.Height {
					if seen.ColorIndexAt(x, y) != mine.ColorIndexAt(x, y) {
						differ++
					}
				}
			}
			if nearest[place] == 0 || differ < nearest[place] {
				best[place], nearest[place] = byte(letter), differ
			}
		}
	}
	return string(best)
}

func pointsOf(t *testing.T, picture []byte) *image.Paletted {
	t.Helper()
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	points, ok := decoded.(*image.Paletted)
	if !ok || points.Bounds().Dx() != captcha.Width || points.Bounds().Dy() != captcha.Height {
		t.Fatalf("a picture %T of %v", decoded, decoded.Bounds())
	}
	return points
}

// The id is public. Given the picture's own seed the letters can be read by comparison, so the seed
// must not be derivable from the id. With an unrelated seed, comparing shapes alone is right about
// once in ten times.
func TestACaptchaIsNotReadFromItsID(t *testing.T) {
	s := newSite(t, nil)
	k := s.captchas()
	const tries, maxRead = 10, 7
	byID, bySeed := 0, 0
	for range tries {
		id := k.New()
		picture, err := k.Picture(id)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := k.Picture(id); !bytes.Equal(picture, again) {
			t.Fatal("asking again shows the same letters in another way")
		}
		letters := k.Letters(id)
		var public [32]byte
		copy(public[:], id)
		if guess(t, picture, public) == letters || captcha.Letters(public) == letters {
			byID++
		}
		if guess(t, picture, k.signer.Seed("picture", id)) == letters {
			bySeed++
		}
	}
	if byID > maxRead {
		t.Errorf("%d of %d read from the id", byID, tries)
	}
	if bySeed <= maxRead {
		t.Errorf("with the right seed only %d of %d read: the comparing is not the attack", bySeed, tries)
	}
}
