-- Driven by lsp.rs: edits a configuration as somebody in Neovim would, and writes down what is seen.
local server, report = vim.env.BANGPATH, io.open(vim.env.REPORT, 'w')

local function say(name, text)
  report:write(name, ': ', text, '\n')
  report:flush()
end

-- Waits until something is so; says what was waited for if it never is.
local function wait(name, so)
  if not vim.wait(20000, so, 20) then
    say('gave up', name)
    vim.cmd('cquit')
  end
end

local function line() return vim.fn.getline('.') end

local function go(pattern) vim.fn.cursor(1, 1); vim.fn.search(pattern) end

local client = vim.lsp.start_client({ name = 'bangpath', cmd = { server, 'lsp', '--stdio' } })
vim.lsp.buf_attach_client(0, client)
wait('the client', function() return vim.lsp.buf_is_attached(0, client) end)

wait('a diagnostic', function() return #vim.diagnostic.get(0) > 0 end)
for _, found in ipairs(vim.diagnostic.get(0)) do
  say('diagnostic', (found.lnum + 1) .. ' ' .. found.message)
end

local function hover(pattern)
  go(pattern)
  local parameters = vim.lsp.util.make_position_params()
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/hover', parameters, 20000)
  local _, answer = next(answers)
  return answer.result.contents.value:gsub('\n', ' | ')
end
say('hover on a rule', hover('^R$+\tuser'))
say('hover on an option', hover('LogLevel'))

go('$>Other')
vim.fn.search('Other')
vim.lsp.buf.definition()
wait('the definition', function() return line() == 'SOther' end)
say('definition', vim.fn.line('.') .. ' ' .. line())

vim.lsp.buf.references()
wait('references', function() return #vim.fn.getqflist() > 0 end)
for _, place in ipairs(vim.fn.getqflist()) do
  say('reference', place.lnum .. ':' .. place.col)
end
vim.cmd('cclose')

-- Behind letters outside of ASCII, where bytes and UTF-16 differ.
go('größe')
vim.fn.search('site')
vim.lsp.buf.rename('place')
wait('the rename', function() return vim.fn.search('{place}example', 'nw') > 0 end)
say('renamed', vim.fn.getline(vim.fn.search('größe', 'nw')))

-- An edit reaches the server in pieces.
go('^Rwrong')
vim.cmd('normal! dd')
wait('no diagnostic about the tab', function()
  for _, found in ipairs(vim.diagnostic.get(0)) do
    if found.message:find('takes a tab') then return false end
  end
  return true
end)
say('diagnostics', tostring(#vim.diagnostic.get(0)))

if vim.lsp.buf.format then
  vim.lsp.buf.format({ timeout_ms = 20000 })
else
  vim.lsp.buf.formatting_sync(nil, 20000)
end
wait('the layout', function() return vim.fn.search('^O LogLevel=9$', 'nw') > 0 end)
vim.cmd('write! ' .. vim.env.WRITTEN)
vim.lsp.stop_client(client)
wait('the end', function() return vim.lsp.client_is_stopped(client) end)
say('end', 'done')
vim.cmd('qall!')
