package wechat

import (
	"crypto/aes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/silenceper/wechat/v2/miniprogram/encryptor"
)

// ErrSealed is returned for encrypted data that is not of this mini-program and session, or older than
// asked for.
var ErrSealed = errors.New("wechat: the encrypted data is not what it should be")

// Sealed is data that the mini-program's front end passes on encrypted.
type Sealed struct {
	SessionKey string // of the login, base64
	Data       string // base64
	IV         string // base64
}

// Steps is how far somebody walked on a day.
type Steps struct {
	Day   int64 // Unix second of the day's beginning, in China's zone
	Count int
}

// WeRun opens the step counts of up to 31 days, oldest first, as wx.getWeRunData returns them. Data of
// another mini-program or session, and data sealed more than maxAge ago (or in the future), is ErrSealed.
// https://developers.weixin.qq.com/miniprogram/dev/api/open-api/werun/wx.getWeRunData.html
func (m *MiniProgram) WeRun(s Sealed, maxAge time.Duration) ([]Steps, error) {
	plain, err := s.open()
	if err != nil {
		return nil, err
	}
	var read struct {
		List []struct {
			Day   int64 `json:"timestamp"`
			Count int   `json:"step"`
		} `json:"stepInfoList"`
		Watermark struct {
			At    int64  `json:"timestamp"`
			AppID string `json:"appid"`
		} `json:"watermark"`
	}
	if err := json.Unmarshal(plain, &read); err != nil || read.Watermark.AppID != m.app.id {
		return nil, ErrSealed
	}
	age := m.app.client.o.Now().Sub(time.Unix(read.Watermark.At, 0))
	if age > maxAge || age < -maxAge {
		return nil, ErrSealed
	}
	out := make([]Steps, 0, len(read.List))
	for _, day := range read.List {
		out = append(out, Steps{Day: day.Day, Count: day.Count})
	}
	return out, nil
}

// open decrypts. The SDK panics unless the data is whole blocks.
func (s Sealed) open() ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(s.Data)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, ErrSealed
	}
	if iv, err := base64.StdEncoding.DecodeString(s.IV); err != nil || len(iv) != aes.BlockSize {
		return nil, ErrSealed
	}
	plain, err := encryptor.GetCipherText(s.SessionKey, s.Data, s.IV)
	if err != nil {
		return nil, ErrSealed // the SDK's words quote what it read
	}
	return plain, nil
}
