package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func digest(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }

// chain returns the HMAC of the last text, under the HMAC of the one before, and so on from a key.
func chain(key string, texts ...string) []byte {
	sum := []byte(key)
	for _, text := range texts {
		var h hash.Hash = hmac.New(sha256.New, sum)
		_, _ = h.Write([]byte(text)) // a hash takes everything
		sum = h.Sum(nil)
	}
	return sum
}

func same(sum []byte, text string) bool {
	return hmac.Equal([]byte(fmt.Sprintf("%x", sum)), []byte(text))
}

// tencent is SendSms of Tencent Cloud.
// https://cloud.tencent.com/document/api/382/55981
func (s *Simulator) tencent(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) any {
		problem := map[string]string{"Code": code, "Message": "refused"}
		return map[string]any{"Response": map[string]any{"RequestId": s.requestID(), "Error": problem}}
	}
	s.serve(w, r, refuse, func(body []byte) (int, any) {
		if code := s.tencentSignature(r, string(body)); code != "" {
			return http.StatusOK, refuse(code)
		}
		switch {
		case r.Header.Get("X-TC-Action") != "SendSms":
			return http.StatusOK, refuse("InvalidAction")
		case r.Header.Get("X-TC-Version") != "2021-01-11":
			return http.StatusOK, refuse("NoSuchVersion")
		case r.Header.Get("X-TC-Region") == "":
			return http.StatusOK, refuse("MissingParameter")
		}
		var in struct {
			PhoneNumberSet, TemplateParamSet  []string
			SmsSdkAppId, SignName, TemplateId string
		}
		if json.Unmarshal(body, &in) != nil || len(in.PhoneNumberSet) != 1 {
			return http.StatusOK, refuse("InvalidParameter")
		}
		if in.SmsSdkAppId != s.opt.Account.AppID {
			return http.StatusOK, refuse("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
		}
		phone := in.PhoneNumberSet[0]
		m := Sent{Provider: "tencent", Phone: phone, Template: in.TemplateId, Values: in.TemplateParamSet}
		id, why := s.deliver(m, in.SignName)
		code := map[verdict]string{
			fine: "Ok", badNumber: "InvalidParameterValue.IncorrectPhoneNumber",
			badTemplate: "FailedOperation.TemplateIncorrectOrUnapproved", badSign: "FailedOperation.SignatureIncorrectOrUnapproved",
			noMoney:      "FailedOperation.InsufficientBalanceInSmsPackage",
			unsubscribed: "FailedOperation.PhoneNumberInBlacklist", tooMany: "LimitExceeded.PhoneNumberDailyLimit",
		}[why]
		return http.StatusOK, map[string]any{"Response": map[string]any{"RequestId": s.requestID(), "SendStatusSet": []any{map[string]any{
			"SerialNo": id, "PhoneNumber": phone, "Fee": 1, "SessionContext": "", "Code": code, "Message": "send", "IsoCode": "CN"}}}}
	})
}

// tencentSignature checks TC3-HMAC-SHA256 and returns the refusal, or "".
// https://cloud.tencent.com/document/api/382/52072
func (s *Simulator) tencentSignature(r *http.Request, body string) string {
	algorithm, parts := authorization(r.Header.Get("Authorization"))
	credential := strings.Split(parts["Credential"], "/")
	if algorithm != "TC3-HMAC-SHA256" || len(credential) != 4 {
		return "AuthFailure.InvalidAuthorization"
	}
	if credential[0] != s.opt.Account.KeyID {
		return "AuthFailure.SecretIdNotFound"
	}
	seconds, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	skew := s.opt.Now().Sub(time.Unix(seconds, 0))
	if err != nil || skew > 5*time.Minute || skew < -5*time.Minute ||
		credential[1] != time.Unix(seconds, 0).UTC().Format("2006-01-02") {
		return "AuthFailure.SignatureExpire"
	}
	lines, signed := headerLines(r, parts["SignedHeaders"], "content-type", "host")
	lines = strings.ToLower(lines)
	request := digest("POST\n/\n" + r.URL.RawQuery + "\n" + lines + "\n" + parts["SignedHeaders"] + "\n" + digest(body))
	text := algorithm + "\n" + strconv.FormatInt(seconds, 10) + "\n" + strings.Join(credential[1:], "/") + "\n" + request
	sum := chain("TC3"+s.opt.Account.Secret, credential[1], credential[2], credential[3], text)
	if !signed || credential[2] != "sms" || credential[3] != "tc3_request" || !same(sum, parts["Signature"]) {
		return "AuthFailure.SignatureFailure"
	}
	return ""
}

// alibaba is SendSms of Alibaba Cloud.
// https://help.aliyun.com/zh/sms/developer-reference/api-dysmsapi-2017-05-25-sendsms
func (s *Simulator) alibaba(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) any {
		text := "refused"
		if code == "isv.BUSINESS_LIMIT_CONTROL" {
			text = "触发天级流控Permits:10" // of the limits of a phone this one is the day's
		}
		return map[string]string{"RequestId": s.requestID(), "Code": code, "Message": text}
	}
	s.serve(w, r, refuse, func(body []byte) (int, any) {
		if code := s.alibabaSignature(r, string(body)); code != "" {
			return http.StatusBadRequest, refuse(code)
		}
		q := r.URL.Query()
		if r.Header.Get("x-acs-action") != "SendSms" || r.Header.Get("x-acs-version") != "2017-05-25" {
			return http.StatusNotFound, refuse("InvalidAction.NotFound")
		}
		named := map[string]string{}
		if param := q.Get("TemplateParam"); param != "" && json.Unmarshal([]byte(param), &named) != nil {
			return http.StatusOK, refuse("isv.INVALID_JSON_PARAM")
		}
		var values []string
		for _, name := range slices.Sorted(maps.Keys(named)) {
			values = append(values, named[name])
		}
		phone := q.Get("PhoneNumbers")
		if len(phone) == 11 && phone[0] == '1' {
			phone = "86" + phone
		}
		m := Sent{Provider: "alibaba", Phone: "+" + phone, Template: q.Get("TemplateCode"), Values: values}
		id, why := s.deliver(m, q.Get("SignName"))
		if why != fine {
			return http.StatusOK, refuse(map[verdict]string{
				badNumber: "isv.MOBILE_NUMBER_ILLEGAL", badTemplate: "isv.SMS_TEMPLATE_ILLEGAL", badSign: "isv.SMS_SIGNATURE_ILLEGAL",
				noMoney: "isv.AMOUNT_NOT_ENOUGH", unsubscribed: "isv.BLACKLIST", tooMany: "isv.BUSINESS_LIMIT_CONTROL",
			}[why])
		}
		return http.StatusOK, map[string]string{"RequestId": s.requestID(), "Code": "OK", "Message": "OK", "BizId": id}
	})
}

// alibabaSignature checks ACS3-HMAC-SHA256 and returns the refusal, or "".
// https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
func (s *Simulator) alibabaSignature(r *http.Request, body string) string {
	algorithm, parts := authorization(r.Header.Get("Authorization"))
	at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("x-acs-date"))
	skew := s.opt.Now().Sub(at)
	nonce := r.Header.Get("x-acs-signature-nonce")
	switch {
	case algorithm != "ACS3-HMAC-SHA256":
		return "IncompleteSignature"
	case parts["Credential"] != s.opt.Account.KeyID:
		return "InvalidAccessKeyId.NotFound"
	case err != nil || skew > 15*time.Minute || skew < -15*time.Minute:
		return "InvalidTimeStamp.Expired"
	case nonce == "":
		return "MissingSignatureNonce"
	}
	lines, signed := headerLines(r, parts["SignedHeaders"],
		"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version")
	request := "POST\n/\n" + canonicalQuery(r.URL.Query()) + "\n" + lines + "\n" + parts["SignedHeaders"] + "\n" + digest(body)
	sum := chain(s.opt.Account.Secret, algorithm+"\n"+digest(request))
	if !signed || r.Header.Get("x-acs-content-sha256") != digest(body) || !same(sum, parts["Signature"]) {
		return "SignatureDoesNotMatch"
	}
	return s.useNonce(nonce, at)
}

func (s *Simulator) useNonce(nonce string, at time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.nonces) >= 10*kept {
		maps.DeleteFunc(s.nonces, func(_ string, used time.Time) bool { return at.Sub(used) > 15*time.Minute })
	}
	if _, used := s.nonces[nonce]; used {
		return "SignatureNonceUsed"
	}
	s.nonces[nonce] = at
	return ""
}

// canonicalQuery writes parameters as the signature covers them: in order, and all but letters, digits
// and - _ . ~ as %XX.
func canonicalQuery(query url.Values) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if text != "" {
			text += "&"
		}
		text += percent(name) + "=" + percent(query.Get(name))
	}
	return text
}

func percent(text string) string {
	out := ""
	for _, b := range []byte(text) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || strings.IndexByte("-_.~", b) >= 0 {
			out += string(rune(b))
		} else {
			out += fmt.Sprintf("%%%02X", b)
		}
	}
	return out
}
