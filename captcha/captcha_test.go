package captcha

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

func TestLettersFollowFromTheirSeed(t *testing.T) {
	seen := map[string]bool{}
	for i := range 200 {
		seed := [32]byte{byte(i)}
		letters := Letters(seed)
		if len(letters) != Length || strings.Trim(letters, alphabet) != "" || letters != Letters(seed) {
			t.Fatalf("letters %q", letters)
		}
		seen[letters] = true
	}
	if len(seen) < 195 {
		t.Errorf("200 seeds make only %d answers", len(seen))
	}
	for _, letter := range alphabet {
		if glyphs[byte(letter)][0] == "" {
			t.Errorf("no glyph of %c", letter)
		}
	}
}

func TestSame(t *testing.T) {
	for given, want := range map[string]bool{"AC7KY": true, " ac7 ky ": true, "AC7K": false, "AC7KYY": false, "": false, "AC7KP": false} {
		if Same("AC7KY", given) != want {
			t.Errorf("%q: %v", given, !want)
		}
	}
	if Same("", "") {
		t.Error("no letters are answered by nothing")
	}
}

func TestDraw(t *testing.T) {
	first, err := Draw("AC7KY", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(first))
	if err != nil || picture.Bounds().Dx() != Width || picture.Bounds().Dy() != Height {
		t.Fatalf("picture: %v", err)
	}
	if again, _ := Draw("AC7KY", [32]byte{1}); !bytes.Equal(first, again) {
		t.Error("the same seed makes another picture")
	}
	if other, _ := Draw("AC7KY", [32]byte{2}); bytes.Equal(first, other) {
		t.Error("another seed makes the same picture")
	}
	if other, _ := Draw("AC7KP", [32]byte{1}); bytes.Equal(first, other) {
		t.Error("other letters make the same picture")
	}
}
